/** Names that esbuild gives to functions in a bundle, although they have them. */
import { expect } from 'chai';
import { withoutNeedlessNames } from '../../../src/servers/bundle-names.js';

const blank = (text: string): string => ' '.repeat(text.length);

describe('the names in a bundle', () => {
  it('are left out where the language gives the same ones, and keep their places', () => {
    const text = 'var a=__name(()=>1,"a"),b=__name(function(){},"b"),c=__name(()=>2,"old");';
    expect(withoutNeedlessNames(text)).to.equal(
      `var a=${blank('__name(')}()=>1${blank(',"a")')},b=${blank('__name(')}function(){}${blank(',"b")')},c=__name(()=>2,"old");`,
    );
  });

  it('are the same when a bundle is read again, and when some of it has changed', () => {
    const text = (body: string): string =>
      `var a=__name(()=>{return ${body}},"a"),o={m:__name(()=>{return ${body}},"n"),a:__name(()=>{return ${body}},"a")};`;
    const expected = (body: string): string =>
      [
        `var a=${blank('__name(')}()=>{return ${body}}${blank(',"a")')},`,
        `o={m:__name(()=>{return ${body}},"n"),`,
        `a:${blank('__name(')}()=>{return ${body}}${blank(',"a")')}};`,
      ].join('');
    for (const body of ['1', '1', '")"', '`${")"}`', '1']) {
      expect(withoutNeedlessNames(text(body)), body).to.equal(expected(body));
    }
  });

  it('depend on where a call stands, not on what was read of it elsewhere', () => {
    expect(withoutNeedlessNames('x=__name(()=>3,"x");')).to.equal(
      `x=${blank('__name(')}()=>3${blank(',"x")')};`,
    );
    expect(withoutNeedlessNames('y=__name(()=>3,"x");')).to.equal('y=__name(()=>3,"x");');
  });
});

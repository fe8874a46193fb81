/**
 * The second parameter of a tool's handler, created when the handler first uses it. Most never do, and it has a dozen
 * members and five functions for each call. For the handler it behaves as the plain object would: the first use of any
 * kind creates that object.
 */
import { inspect } from 'node:util';

type Trap = (...parameters: unknown[]) => unknown;

const MAKE = Symbol('make');

/** The target of the proxy until then. */
class Unmade {
  declare [MAKE]?: () => object;

  constructor(make: () => object) {
    this[MAKE] = make;
  }

  /** `inspect` reads an object without calling the proxy's traps. */
  [inspect.custom](this: object): object {
    return { ...this };
  }
}

const TRAPS: ProxyHandler<Unmade> = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((name) => {
    const operation = Reflect[name as keyof typeof Reflect] as Trap;
    const trap = (target: Unmade, ...rest: unknown[]): unknown => {
      fill(target);
      return operation(target, ...rest);
    };
    return [name, trap];
  }),
);

function fill(target: Unmade): void {
  const make = target[MAKE];
  if (make === undefined) return;
  delete target[MAKE];
  Object.setPrototypeOf(target, Object.prototype);
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(make()));
}

/** @param make creates a plain object; called once or never */
export function lazyObject<Made extends object>(make: () => Made): Made {
  return new Proxy(new Unmade(make), TRAPS) as object as Made;
}

/** Text of which a header can hold each character, and that would not be changed on its way. */
const PLAIN = /^(?! )[\x20-\x7e]*(?<! )$/;
const ENCODED = /^=\?base64\?.*\?=$/s;

/** The text as the value of a header: unchanged, or encoded where it could not stand in one. */
export function headerText(text: string): string {
  if (PLAIN.test(text) && !ENCODED.test(text)) return text;
  return `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** How processes receive a program's bundle: as files, in a folder of the gateway's own. */

/** Its text as a function. */
export const BUNDLE_FILE = 'program.js';
/** V8's code cache, which one of the processes writes. */
export const CODE_CACHE_FILE = 'code-cache';

/** Around the text of a bundle, which is the body of a function. */
export const FUNCTION_HEAD = '(function (exports, require, module) {';
export const FUNCTION_TAIL = '\n})';

/**
 * Which functions of `node:fs` take paths, and as which of their arguments. Each stands for its variants too: `stat`
 * for `statSync` and `promises.stat`. A test goes through all functions of Node's `fs`, so that a new one is noticed.
 */
export const PATH_ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  access: [0],
  appendFile: [0],
  chmod: [0],
  chown: [0],
  copyFile: [0, 1],
  cp: [0, 1],
  exists: [0],
  lchmod: [0],
  lchown: [0],
  link: [0, 1],
  lstat: [0],
  lutimes: [0],
  mkdir: [0],
  mkdtemp: [0],
  mkdtempDisposable: [0],
  open: [0],
  openAsBlob: [0],
  opendir: [0],
  readFile: [0],
  readdir: [0],
  readlink: [0],
  realpath: [0],
  rename: [0, 1],
  rm: [0],
  rmdir: [0],
  stat: [0],
  statfs: [0],
  // What a link contains is not looked up when it is made.
  symlink: [1],
  truncate: [0],
  unlink: [0],
  unwatchFile: [0],
  utimes: [0],
  watch: [0],
  watchFile: [0],
  writeFile: [0],
};

/** They take the folder as the option `cwd`. */
export const GLOBS: readonly string[] = ['glob', 'globSync'];

/** They call those above: `createReadStream` calls `open`. */
export const CALLING_OTHERS: readonly string[] = [
  'createReadStream',
  'createWriteStream',
  'ReadStream',
  'WriteStream',
  'FileReadStream',
  'FileWriteStream',
  'Utf8Stream',
];

/** The name of the first column for a function of `fs` or `fs.promises`. */
export function baseName(name: string): string {
  return name.endsWith('Sync') ? name.slice(0, -'Sync'.length) : name;
}

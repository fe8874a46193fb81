// Loaded into a measured process with --expose-gc: a signal collects its garbage, so that what is left is what it holds.
process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
});

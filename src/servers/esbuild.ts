/** esbuild, which is a program of its own: loaded with the first use, and ended with the last one. */

type Esbuild = typeof import('esbuild');

let underway = 0;

export async function withEsbuild<Result>(use: (esbuild: Esbuild) => Promise<Result>): Promise<Result> {
  const esbuild = await import('esbuild');
  underway += 1;
  try {
    return await use(esbuild);
  } finally {
    underway -= 1;
    // This also ends the builds of other gateways in this process.
    if (underway === 0) await esbuild.stop();
  }
}

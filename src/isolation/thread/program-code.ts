/**
 * The code of a program as its threads receive it. The first threads load its files. When its bundle is built, later ones
 * run that, and one of them makes V8's code cache for those after it.
 */
import type { BundledModule } from '../../servers/bundle-parts.js';
import { OriginalPositions } from '../../servers/original-positions.js';
import type { ProgramThreadData } from '../../shared/thread-start.js';
import type { PortWorker } from '../port/port-worker.js';
import { sharedCopy } from '../port/shared-counters.js';

export class ProgramCode {
  readonly #built: Promise<void>;
  #bundle: BundledModule | undefined;
  #positions: OriginalPositions | undefined;
  #cache: Uint8Array | undefined;
  #isAsked = false;

  /** @param bundle `undefined` if threads load the files of the program */
  constructor(bundle: Promise<BundledModule | undefined>) {
    this.#built = bundle.then((built) => {
      this.#bundle = built;
      this.#positions = built && new OriginalPositions(built);
    });
  }

  /** Resolves when nothing is being built any more. */
  get built(): Promise<void> {
    return this.#built;
  }

  /** For the next thread. */
  get data(): Pick<ProgramThreadData, 'programText' | 'codeCache'> {
    const bundle = this.#bundle;
    return {
      programText: bundle && { text: bundle.text, filename: bundle.filename },
      codeCache: this.#cache,
    };
  }

  /** A text from a thread, with positions in the program's own files. */
  in(text: string): string {
    return this.#positions?.in(text) ?? text;
  }

  /** Asks the first thread that runs the bundle for the code cache; if that ends too early, a later one. */
  started(
    thread: Pick<PortWorker, 'codeCaches'>,
    { programText }: Pick<ProgramThreadData, 'programText'>,
  ): void {
    if (programText === undefined || this.#isAsked) return;
    this.#isAsked = true;
    thread.codeCaches().then(
      ({ module }) => {
        this.#cache = module && sharedCopy(module);
      },
      () => {
        this.#isAsked = false;
      },
    );
  }
}

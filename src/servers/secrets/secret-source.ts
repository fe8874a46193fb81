/** Where secrets of principals come from, and what all sources have in common. */
import type { SessionContext } from '../../shared/session-context.js';

/** Far more than any key or token; and an environment variable may have 128 KiB on Linux. */
export const MAX_SECRET_BYTES = 64 * 1024;

/** Whose secret it is. */
export type SecretOwner = Pick<SessionContext, 'principal' | 'identity'>;

export interface SecretSource {
  /**
   * Reads a secret anew. What comes after `signal` has aborted is of no use to anybody.
   * @param name of a secret, as `isSecretName` has it
   * @throws {NoSecret} if there is none
   */
  read(owner: SecretOwner, name: string, signal: AbortSignal): Promise<string>;
  /** Resolves when nothing that it has started is left. */
  close(): Promise<void>;
  /** For the `exit` event of the process, when nothing can be awaited any more. */
  killNow(): void;
}

/** Why there is no secret. Neither text contains a part of its value. */
export class NoSecret extends Error {
  /** For the log alone: files, exit codes. */
  readonly detail: string | undefined;

  /** @param message a part of a sentence, for the client as well: `the secret NAME …` */
  constructor(message: string, detail?: string) {
    super(message);
    this.name = 'NoSecret';
    this.detail = detail;
  }
}

/**
 * A secret as it was stored, without the line break at its end.
 * @throws {NoSecret} for what cannot be the value of an environment variable
 */
export function secretText(bytes: Uint8Array): string {
  if (bytes.byteLength > MAX_SECRET_BYTES) throw new NoSecret(`has more than ${MAX_SECRET_BYTES / 1024} KiB`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // What `TextDecoder` throws says nothing more.
    throw new NoSecret('is not text in UTF-8');
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new NoSecret('is empty');
  if (value.includes('\0')) throw new NoSecret('contains a NUL, which no environment variable can hold');
  return value;
}

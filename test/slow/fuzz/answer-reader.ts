/** Reads HTTP/1.1 answers from the bytes of a socket. It is stricter than clients are: wrong framing is a finding. */

export interface Answer {
  readonly status: number;
  /** By name in lower case; if a name occurs twice, the last one counts. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Whether its end was seen. */
  readonly complete: boolean;
}

const MOST_HEAD_BYTES = 65_536;

export class AnswerReader {
  readonly #head: boolean;
  #rest: Buffer = Buffer.alloc(0);
  #status = 0;
  #headers: Map<string, string> | undefined;
  #parts: Buffer[] = [];
  #left = 0;
  #complete = false;

  /** @param head whether the request was HEAD */
  constructor(head: boolean) {
    this.#head = head;
  }

  get started(): boolean {
    return this.#status !== 0 || this.#rest.length > 0;
  }

  /** The answer so far, or `undefined` until all its headers have arrived. */
  get answer(): Answer | undefined {
    if (this.#headers === undefined) return undefined;
    const body = Buffer.concat(this.#parts).toString('utf8');
    return { status: this.#status, headers: this.#headers, body, complete: this.#complete };
  }

  /** Whether an event stream has begun, which need not have an end. */
  get streams(): boolean {
    return this.#headers?.get('content-type')?.startsWith('text/event-stream') === true;
  }

  /**
   * Reads what has arrived.
   * @returns whether the answer is complete
   * @throws {Error} a sentence that says what is not HTTP
   */
  take(bytes: Buffer): boolean {
    if (this.#complete) throw new Error(`bytes behind the answer: ${quote(bytes)}`);
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#headers === undefined) {
      if (!this.#readHead()) return false;
    }
    this.#readBody();
    if (this.#complete && this.#rest.length > 0)
      throw new Error(`bytes behind the answer: ${quote(this.#rest)}`);
    return this.#complete;
  }

  /** The connection has ended, which is the end of a body without a length. */
  end(): void {
    if (this.#headers !== undefined && !this.#chunked && !this.#headers.has('content-length'))
      this.#complete = true;
  }

  get #chunked(): boolean {
    return this.#headers?.get('transfer-encoding') === 'chunked';
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end === -1) {
      if (this.#rest.length > MOST_HEAD_BYTES) throw new Error('an answer whose headers have no end');
      return false;
    }
    const [statusLine = '', ...lines] = this.#rest.subarray(0, end).toString('latin1').split('\r\n');
    this.#rest = this.#rest.subarray(end + 4);
    const status = /^HTTP\/1\.1 ([1-5]\d\d) /.exec(statusLine)?.[1];
    if (status === undefined) throw new Error(`no status line: ${quote(Buffer.from(statusLine))}`);
    // Interim answers come before the final one (RFC 9110, 15.2).
    if (status.startsWith('1') && status !== '101') return true;
    this.#status = Number(status);
    this.#headers = new Map();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon < 1) throw new Error(`no header: ${quote(Buffer.from(line))}`);
      this.#headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#left = Number(this.#headers.get('content-length') ?? 0);
    if (this.#head || this.#status === 204 || this.#status === 304) this.#complete = true;
    return true;
  }

  #readBody(): void {
    if (this.#complete) return;
    if (this.#chunked) return this.#readChunks();
    if (!this.#headers?.has('content-length')) {
      this.#parts.push(this.#rest);
      this.#rest = Buffer.alloc(0);
      return;
    }
    const part = this.#rest.subarray(0, this.#left);
    this.#parts.push(part);
    this.#rest = this.#rest.subarray(part.length);
    this.#left -= part.length;
    this.#complete = this.#left === 0;
  }

  #readChunks(): void {
    while (!this.#complete) {
      const end = this.#rest.indexOf('\r\n');
      if (end === -1) return;
      const size = this.#rest.subarray(0, end).toString('latin1');
      if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new Error(`no chunk: ${quote(this.#rest)}`);
      const length = Number.parseInt(size, 16);
      if (this.#rest.length < end + 2 + length + 2) return;
      this.#parts.push(this.#rest.subarray(end + 2, end + 2 + length));
      this.#rest = this.#rest.subarray(end + 2 + length + 2);
      this.#complete = length === 0;
    }
  }
}

function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.subarray(0, 200).toString('latin1'));
}

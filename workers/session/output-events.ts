/** What a module writes to a standard stream, as events of the log. */
import { StringDecoder } from 'node:string_decoder';

const MAX_EVENT_CHARS = 8192;

export class OutputEvents {
  readonly #decoder = new StringDecoder('utf8');
  /** What has no line break yet. */
  #partial = '';

  /**
   * A console call writes its text at once, with a line break at the end: that is one event, however many lines it has. Of
   * more than 8 Ki characters, several events are made, between lines where that is possible.
   * @returns texts without line breaks around them
   */
  push(chunk: string | Uint8Array): string[] {
    let rest = this.#partial + (typeof chunk === 'string' ? chunk : this.#decoder.write(Buffer.from(chunk)));
    const end = rest.length > MAX_EVENT_CHARS ? rest.length : rest.lastIndexOf('\n') + 1;
    this.#partial = rest.slice(end);
    rest = rest.slice(0, end);
    const events: string[] = [];
    while (rest !== '') {
      const length = eventLength(rest);
      const event = trimmed(rest.slice(0, length));
      if (event !== '') events.push(event);
      rest = rest.slice(length);
    }
    return events;
  }
}

function eventLength(text: string): number {
  if (text.length <= MAX_EVENT_CHARS) return text.length;
  const afterBreak = text.lastIndexOf('\n', MAX_EVENT_CHARS - 1) + 1;
  return afterBreak > 0 ? afterBreak : MAX_EVENT_CHARS;
}

/** The indentation of the first line stays. */
function trimmed(text: string): string {
  return text.trimEnd().replace(/^(?:[ \t]*\r?\n)+/, '');
}

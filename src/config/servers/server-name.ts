/** Names of servers. They are a part of the endpoint's path, and clients put them in front of tool names. */

/** The characters that Claude Code accepts. The length is limited because names become metric labels. */
export const SERVER_NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** The first part of the gateway's own paths. */
export const RESERVED_NAMES: readonly string[] = ['mcp', 'sse', 'messages'];

export const EXPECTED_NAME = `1 to 64 letters, digits, "-" and "_", and none of ${RESERVED_NAMES.join(', ')}`;

export function isServerName(name: string): boolean {
  return SERVER_NAME.test(name) && !RESERVED_NAMES.includes(name);
}

/** Makes a name from any text: its words, joined by `-`. */
export function serverNameOf(text: string): string {
  const words = text.split(/[^A-Za-z0-9_]+/).filter((word) => word !== '');
  const name = words.join('-').slice(0, 64);
  return isServerName(name) ? name : `${name.slice(0, 57)}-server`.replace(/^-/, '');
}

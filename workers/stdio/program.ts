/** A program that speaks MCP in lines: a child process, or a Node program in this thread. */
export interface Program {
  /**
   * Sends it one message.
   * @param line JSON, without a line break
   * @returns `false` if it reads more slowly than messages arrive: `StdioSession.drained` is called when it has caught
   *   up
   */
  write(line: string): boolean;
  /** Stop and continue reading its output. */
  pause(): void;
  resume(): void;
  /**
   * Closes its stdin, after which it should end. Resolves when it has ended, or when nothing can show whether it will.
   */
  end(): Promise<void>;
}

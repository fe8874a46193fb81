/** What speaks MCP in lines: a child process, or a Node program in this thread. */
export interface Program {
  /**
   * Gives it one message.
   * @param line JSON, without a line break
   * @returns `false` when it reads more slowly than messages come: `StdioSession.drained` is called when it has caught up
   */
  write(line: string): boolean;
  /** Stops reading what it writes, and goes on. */
  pause(): void;
  resume(): void;
  /** Closes its stdin: it shall end. Resolves when it has, or when nothing tells whether it will. */
  end(): Promise<void>;
}

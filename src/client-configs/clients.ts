/** The clients whose files can be edited. */
import { claudeCode } from './claude-code.js';
import { claudeDesktop } from './claude-desktop.js';
import type { Client } from './client.js';
import { cursor } from './cursor.js';
import { geminiCli } from './gemini-cli.js';
import { kiro } from './kiro.js';
import { vscode } from './vscode.js';
import { windsurf } from './windsurf.js';

export const CLIENTS: readonly Client[] = [
  claudeCode,
  claudeDesktop,
  cursor,
  vscode,
  windsurf,
  geminiCli,
  kiro,
];

/** Folders that each system has somewhere else. */
export interface PlatformFolders {
  /** Of the user's applications. */
  readonly configuration: string;
  /** Of the settings that an administrator gives Claude Code. */
  readonly claudeManaged: readonly string[];
}

/** Folders whose paths differ between systems. */
export interface PlatformFolders {
  /** The folder of the user's applications. */
  readonly configuration: string;
  /** Folders of the settings with which an administrator configures Claude Code. */
  readonly claudeManaged: readonly string[];
}

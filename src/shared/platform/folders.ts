/** Folders whose paths differ between systems. */
export interface PlatformFolders {
  /** Where the user's applications keep their configuration. */
  readonly configuration: string;
  /** Where they keep what they can do without. */
  readonly caches: string;
  /** Where an administrator's settings of Claude Code are. */
  readonly claudeManaged: readonly string[];
}

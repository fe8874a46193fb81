/** The major version of Node, for what differs between versions and cannot be detected otherwise. */
export const NODE_MAJOR = Number(process.versions.node.split('.')[0]);

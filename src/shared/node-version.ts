/** Of the Node that runs this, for what differs between versions and can't be asked for. */
export const NODE_MAJOR = Number(process.versions.node.split('.')[0]);

/** What a client sends once `initialize` has been answered (2025-11-25, Lifecycle, "Initialization"). */
export const INITIALIZED = 'notifications/initialized';
export const INITIALIZED_NOTIFICATION = `{"jsonrpc":"2.0","method":"${INITIALIZED}"}`;

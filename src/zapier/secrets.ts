/**
 * Reads a secret of a source or target system from the app's environment.
 *
 * Called when a request is made and never while the app loads: Zapier puts the variables into the environment only
 * after an ES module has been imported. This file is the app's only reader of the environment.
 */
export const readSecret = (name: string): string | undefined => process.env[name];

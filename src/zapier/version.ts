import packageJson from '../../package.json' with { type: 'json' };

/** The version of the app, which is that of the package. */
export const appVersion: string = packageJson.version;

import app from '../fixture-app/index.js';

/** The same app with Zapier's default: empty values are taken out of its input. */
export default { ...app, flags: {} };

import zapier from 'zapier-platform-core';
import { authentication } from './authentication.js';
import { creates } from './creates.js';
import { searches } from './searches.js';
import { triggers } from './triggers.js';

/** A Zapier app whose every move a test can script through the server that it talks to. */
export default {
  version: '1.0.0',
  platformVersion: zapier.version,
  authentication,
  flags: { cleanInputData: false },
  triggers,
  creates,
  searches,
};

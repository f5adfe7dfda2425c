// The form that zapier-platform build writes (zapier-platform-core/include/zapierwrapper.mjs).
import zapier from 'zapier-platform-core';
import appRaw from 'standin-fixture-app-cleaning';

export { appRaw };
export const handler = zapier.createAppHandler(appRaw);

/**
 * The environment a container starts with: Lambda's, not the machine's. Nothing of the parent's leaks in,
 * so an app that needs a variable has to be given it, and NODE_ENV=test cannot make core throw its checks.
 *
 * @param loggingEndpoint where core sends its log lines
 */
export const containerEnvironment = (loggingEndpoint: string): Readonly<Record<string, string>> => ({
  AWS_LAMBDA_FUNCTION_NAME: 'zapier-stand-in',
  AWS_REGION: 'us-east-1',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  LOGGING_ENDPOINT: loggingEndpoint,
});

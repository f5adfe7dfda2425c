/** Without these a Node process cannot find its binaries, its home or a place for temporary files. */
const INHERITED_NAMES = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'LANG',
  'TZ',
  'NODE_V8_COVERAGE',
] as const;

/**
 * What every child inherits: no secret of the parent, and no setting of the tool that runs the parent
 * (NODE_ENV, NODE_OPTIONS), so that a server behaves the same under a test runner and in a demo.
 */
export const childEnvironment = (): Record<string, string> => {
  const inherited: Record<string, string> = {};
  for (const name of INHERITED_NAMES) {
    const value = process.env[name];
    if (value !== undefined) inherited[name] = value;
  }
  return inherited;
};

const NODE_MAJOR_MIN = 22;

/** Jest runs this once before any test: a test on a Node that Zapier does not run proves nothing. */
const requireNode22 = (): void => {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= NODE_MAJOR_MIN) return;
  throw new Error(
    `Cannot run the tests on Node ${process.versions.node}: expected ${NODE_MAJOR_MIN} or newer. Run 'npm ci', then 'npm test' or 'npx jest'`,
  );
};

export default requireNode22;

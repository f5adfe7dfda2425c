import { readFileSync } from 'node:fs';
import { describePreset, systemsPage } from '../../src/cli/systems-page.ts';
import { presets } from '../../src/core/contract/presets/expand.ts';

test('the page of systems is what the presets say', () => {
  // Made anew by: npm run --silent tidemark -- systems --markdown > docs/systems.md
  expect(readFileSync('docs/systems.md', 'utf8')).toBe(systemsPage(presets));
});

test.each(presets.map((preset) => [preset.name, preset] as const))(
  '%s says what it takes for true, and from where',
  (_name, preset) => {
    expect(preset.facts.length).toBeGreaterThan(2);
    for (const { mark, source } of preset.facts) expect(mark === 'K' || source !== '').toBe(true);
    const { reads, writes } = describePreset(preset);
    expect(reads).not.toBe('');
    expect(writes).not.toBe('');
  },
);

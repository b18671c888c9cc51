import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/**
 * The layers of the canvas, lowest first; a folder may import itself and any folder of a lower row.
 * Folders of one row do not know one another.
 */
const LAYERS = [['workflow'], ['api'], ['state'], ['widgets'], ['canvas', 'panels'], ['app']];

function importDirection() {
  return LAYERS.flatMap((row, height) =>
    row.map((folder) => {
      const peers = row.filter((other) => other !== folder);
      const forbidden = [...peers, ...LAYERS.slice(height + 1).flat()];
      const patterns = forbidden.map((other) => ({
        regex: `^(\\.\\./)+${other}(/|$)`,
        message: `${folder} must not import ${other}.`,
      }));
      if (folder === 'workflow') {
        patterns.push({ regex: '^(react|react-dom|@xyflow)', message: 'The document model knows no React and no DOM.' });
      }
      return {
        files: [`src/${folder}/**/*.{ts,tsx}`],
        rules: { 'no-restricted-imports': ['error', { patterns }] },
      };
    }),
  );
}

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'playwright-report', 'test-results', 'target'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'build/maven.mjs'] }, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { 'react-hooks': reactHooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'max-lines': ['error', 400],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 5 }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    },
  },
  ...importDirection(),
  {
    files: ['src/workflow/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', 'window', 'document', 'localStorage', 'fetch'] },
  },
  { files: ['test/**/*.ts'], rules: { 'max-lines': ['error', 600], '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['eslint.config.js', 'build/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
);

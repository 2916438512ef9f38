/** What is checked beside types and layout. Everything found is an error: `npm run lint` lets no warning pass. */
import js from '@eslint/js';
import prettier from 'eslint-config-prettier/flat';
import vue from 'eslint-plugin-vue';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

/** Ways from a text to markup: everything that is shown comes from people and is text. */
const MARKUP = ['innerHTML', 'outerHTML', 'srcdoc'].map((property) => ({
  selector: `AssignmentExpression > MemberExpression.left[property.name='${property}']`,
  message: 'What is shown is text, never markup.',
}));

const NO_TEXT = [...'.,:;·…–−*→←↑＋✕()/0123456789', 'Gridfold', '中文', 'English'];

export default defineConfig(
  { ignores: ['dist/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  vue.configs['flat/recommended'],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, projectService: true, extraFileExtensions: ['.vue'] },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-eval': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-restricted-syntax': [
        'error',
        ...MARKUP,
        {
          selector: "CallExpression[callee.property.name='insertAdjacentHTML']",
          message: 'What is shown is text, never markup.',
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A number in a text is as plain as a string; what has no plain text is still found.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `(x) => act(x)` as a handler returns nothing that anybody reads.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `const { gone: _, ...rest }` is how a key is left out.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.vue'],
    rules: {
      // The compiler knows what is defined; in these files the rule does not see types.
      'no-undef': 'off',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/define-emits-declaration': ['error', 'type-literal'],
      'vue/define-props-declaration': ['error', 'type-based'],
      'vue/html-button-has-type': 'error',
      // Texts are in the catalogue, in both languages. Signs, the name, and languages in themselves are no texts.
      'vue/no-bare-strings-in-template': ['error', { allowlist: NO_TEXT }],
      'vue/no-template-target-blank': 'error',
      'vue/no-undef-components': ['error', { ignorePatterns: ['RouterLink', 'RouterView'] }],
      'vue/no-unused-emit-declarations': 'error',
      'vue/no-unused-properties': 'error',
      'vue/no-unused-refs': 'error',
      'vue/no-use-v-else-with-v-for': 'error',
      'vue/no-useless-v-bind': 'error',
      'vue/no-v-html': 'error',
      'vue/no-v-text-v-html-on-component': 'error',
      'vue/require-typed-ref': 'error',
    },
  },
  {
    files: ['**/*.vue'],
    rules: {
      // In a component it is the default of a prop that may be left out, which the rule does not see.
      '@typescript-eslint/no-useless-default-assignment': 'off',
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/sw.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'What is asked of the server is asked by the phone library.' },
      ],
    },
  },
  {
    files: ['tests/unit/**'],
    rules: {
      // What is not there fails the test.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // JavaScript that no type checker reads, with code for the page inside code for Node.js.
    files: ['tests/stories/**/*.mjs', '*.js', '*.mjs'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  prettier,
);

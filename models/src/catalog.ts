import type { ModelInfo, Provider } from '@moltbot/contract'

/** What is known about a provider before anyone configured it. */
export interface CatalogProvider {
  id: string
  label: string
  baseUrl: string
  /** The id of a wire format. */
  api: string
  /** Environment names that may hold the key, in order. Empty: it needs none. */
  keyNames: readonly string[]
  /** Taken when the provider is chosen but no model is. Absent for local servers: the first one they list. */
  defaultModel?: string
  compat: Provider['compat']
  /** A person who signs in on `page` gets a key made at `keys`; the program needs no name there. As https://openrouter.ai/docs/oauth says it. */
  keySignIn?: { page: string; keys: string }
  /** A server on this machine, found by asking its port. */
  local?: true
  models: readonly ModelInfo[]
}

const vision: ModelInfo['input'] = ['text', 'image']
const text: ModelInfo['input'] = ['text']

/**
 * Known providers, in the order in which one is chosen when several have a key. A few current models each (November 2026); every
 * other id of the provider works too. A price is given only where the vendor publishes it and is the one for the context window
 * given here: where a vendor charges more beyond a size, the window ends at that size (a configured model may go further).
 */
export const catalog: readonly CatalogProvider[] = [
  {
    id: 'anthropic', label: 'Anthropic', baseUrl: 'https://api.anthropic.com', api: 'anthropic-messages', keyNames: ['ANTHROPIC_API_KEY'], defaultModel: 'claude-sonnet-5-5', compat: {},
    models: [
      { id: 'claude-sonnet-5-5', name: 'Claude Sonnet 5.5', contextWindow: 1_000_000, maxOutputTokens: 128_000, input: vision, reasoning: true, cost: { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 } },
      { id: 'claude-opus-5-5', name: 'Claude Opus 5.5', contextWindow: 1_000_000, maxOutputTokens: 128_000, input: vision, reasoning: true, cost: { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5 } },
      { id: 'claude-haiku-5-5', name: 'Claude Haiku 5.5', contextWindow: 100_000, maxOutputTokens: 128_000, input: vision, reasoning: true, cost: { input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125 } },
      { id: 'claude-fable-5-1', name: 'Claude Fable 5.1', contextWindow: 1_000_000, maxOutputTokens: 128_000, input: vision, reasoning: true },
      { id: 'claude-haiku-4-5', name: 'Claude Haiku 4.5', contextWindow: 200_000, maxOutputTokens: 64_000, input: vision, reasoning: true, cost: { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 } },
    ],
  },
  {
    id: 'openai', label: 'OpenAI', baseUrl: 'https://api.openai.com/v1', api: 'openai-responses', keyNames: ['OPENAI_API_KEY'], defaultModel: 'gpt-6.1-sol',
    compat: { maxTokensField: 'max_completion_tokens', supportsStore: true, supportsDeveloperRole: true },
    models: [
      { id: 'gpt-6.1-sol', name: 'GPT-6.1 Sol', contextWindow: 272_000, maxOutputTokens: 128_000, input: vision, reasoning: true, cost: { input: 2, output: 10, cacheRead: 0.1, cacheWrite: 2.5 } },
      { id: 'gpt-6.1-terra', name: 'GPT-6.1 Terra', contextWindow: 272_000, maxOutputTokens: 128_000, input: vision, reasoning: true, cost: { input: 1, output: 5, cacheRead: 0.05, cacheWrite: 1.25 } },
      { id: 'gpt-5.6-terra', name: 'GPT-5.6 Terra', contextWindow: 272_000, maxOutputTokens: 128_000, input: vision, reasoning: true },
      { id: 'gpt-4.1', name: 'GPT-4.1', contextWindow: 1_047_576, maxOutputTokens: 32_768, input: vision, reasoning: false, cost: { input: 2, output: 8, cacheRead: 0.5, cacheWrite: 0 } },
    ],
  },
  {
    id: 'google', label: 'Google Gemini', baseUrl: 'https://generativelanguage.googleapis.com/v1beta', api: 'google-generative-ai', keyNames: ['GOOGLE_API_KEY', 'GEMINI_API_KEY'], defaultModel: 'gemini-3.8-flash', compat: {},
    models: [
      // The regular price; a promotion halves it until the end of 2026.
      { id: 'gemini-3.8-flash', name: 'Gemini 3.8 Flash', contextWindow: 1_048_576, maxOutputTokens: 65_536, input: vision, reasoning: true, cost: { input: 1.5, output: 7.5, cacheRead: 0.15, cacheWrite: 0 } },
      { id: 'gemini-3.1-pro-preview', name: 'Gemini 3.1 Pro', contextWindow: 200_000, maxOutputTokens: 65_536, input: vision, reasoning: true, cost: { input: 2, output: 12, cacheRead: 0.2, cacheWrite: 0 } },
      { id: 'gemini-flash-latest', name: 'Gemini Flash (latest)', contextWindow: 1_048_576, maxOutputTokens: 65_536, input: vision, reasoning: true },
    ],
  },
  {
    id: 'openrouter', label: 'OpenRouter', baseUrl: 'https://openrouter.ai/api/v1', api: 'openai-completions', keyNames: ['OPENROUTER_API_KEY'], defaultModel: 'openrouter/auto', compat: {},
    keySignIn: { page: 'https://openrouter.ai/auth', keys: 'https://openrouter.ai/api/v1/auth/keys' },
    models: [
      { id: 'openrouter/auto', name: 'Auto Router', contextWindow: 200_000, maxOutputTokens: 8192, input: text, reasoning: false },
      { id: 'anthropic/claude-sonnet-5.5', name: 'Claude Sonnet 5.5', contextWindow: 1_000_000, maxOutputTokens: 128_000, input: vision, reasoning: true },
    ],
  },
  {
    id: 'groq', label: 'Groq', baseUrl: 'https://api.groq.com/openai/v1', api: 'openai-completions', keyNames: ['GROQ_API_KEY'], defaultModel: 'openai/gpt-oss-120b', compat: {},
    models: [{ id: 'openai/gpt-oss-120b', name: 'GPT-OSS 120B', contextWindow: 131_072, maxOutputTokens: 65_536, input: text, reasoning: true }],
  },
  {
    id: 'mistral', label: 'Mistral', baseUrl: 'https://api.mistral.ai/v1', api: 'openai-completions', keyNames: ['MISTRAL_API_KEY'], defaultModel: 'mistral-medium-latest', compat: { supportsReasoningEffort: false },
    models: [
      { id: 'mistral-medium-latest', name: 'Mistral Medium', contextWindow: 131_072, maxOutputTokens: 8192, input: vision, reasoning: false },
      { id: 'mistral-small-latest', name: 'Mistral Small', contextWindow: 131_072, maxOutputTokens: 8192, input: vision, reasoning: false },
    ],
  },
  {
    id: 'deepseek', label: 'DeepSeek', baseUrl: 'https://api.deepseek.com/v1', api: 'openai-completions', keyNames: ['DEEPSEEK_API_KEY'], defaultModel: 'deepseek-v4-flash', compat: { supportsReasoningEffort: false },
    models: [
      { id: 'deepseek-v4-flash', name: 'DeepSeek V4 Flash', contextWindow: 1_000_000, maxOutputTokens: 8192, input: text, reasoning: true },
      { id: 'deepseek-v4-pro', name: 'DeepSeek V4 Pro', contextWindow: 1_000_000, maxOutputTokens: 8192, input: text, reasoning: true },
    ],
  },
  {
    id: 'xai', label: 'xAI', baseUrl: 'https://api.x.ai/v1', api: 'openai-completions', keyNames: ['XAI_API_KEY'], defaultModel: 'grok-4.3', compat: { supportsReasoningEffort: false },
    models: [{ id: 'grok-4.3', name: 'Grok 4.3', contextWindow: 256_000, maxOutputTokens: 16_384, input: vision, reasoning: true }],
  },
  {
    id: 'together', label: 'Together AI', baseUrl: 'https://api.together.xyz/v1', api: 'openai-completions', keyNames: ['TOGETHER_API_KEY'], defaultModel: 'openai/gpt-oss-120b', compat: {},
    models: [{ id: 'openai/gpt-oss-120b', name: 'GPT-OSS 120B', contextWindow: 131_072, maxOutputTokens: 32_768, input: text, reasoning: true }],
  },
  {
    id: 'fireworks', label: 'Fireworks', baseUrl: 'https://api.fireworks.ai/inference/v1', api: 'openai-completions', keyNames: ['FIREWORKS_API_KEY'], defaultModel: 'accounts/fireworks/models/gpt-oss-120b', compat: {},
    models: [{ id: 'accounts/fireworks/models/gpt-oss-120b', name: 'GPT-OSS 120B', contextWindow: 131_072, maxOutputTokens: 32_768, input: text, reasoning: true }],
  },
  {
    id: 'cerebras', label: 'Cerebras', baseUrl: 'https://api.cerebras.ai/v1', api: 'openai-completions', keyNames: ['CEREBRAS_API_KEY'], defaultModel: 'gpt-oss-120b', compat: {},
    models: [{ id: 'gpt-oss-120b', name: 'GPT-OSS 120B', contextWindow: 131_072, maxOutputTokens: 32_768, input: text, reasoning: true }],
  },
  { id: 'ollama', label: 'Ollama', baseUrl: 'http://127.0.0.1:11434/v1', api: 'openai-completions', keyNames: [], compat: {}, local: true, models: [] },
  { id: 'lmstudio', label: 'LM Studio', baseUrl: 'http://127.0.0.1:1234/v1', api: 'openai-completions', keyNames: [], compat: {}, local: true, models: [] },
  { id: 'llamacpp', label: 'llama.cpp', baseUrl: 'http://127.0.0.1:8080/v1', api: 'openai-completions', keyNames: [], compat: {}, local: true, models: [] },
  { id: 'vllm', label: 'vLLM', baseUrl: 'http://127.0.0.1:8000/v1', api: 'openai-completions', keyNames: [], compat: {}, local: true, models: [] },
  {
    id: 'builtin', label: 'Built-in assistant', baseUrl: '', api: 'builtin', keyNames: [], defaultModel: 'assistant', compat: {},
    models: [{ id: 'assistant', name: 'Built-in assistant', contextWindow: 100_000, maxOutputTokens: 8192, input: text, reasoning: false, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }],
  },
]

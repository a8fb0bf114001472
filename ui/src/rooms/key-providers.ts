/** Providers that give a key to anybody with an account, and on which page. The same, in the same order, as `moltbot onboard` offers. */
export const keyProviders: readonly { id: string; label: string; page: string }[] = [
  { id: 'anthropic', label: 'Anthropic (Claude)', page: 'https://console.anthropic.com/settings/keys' },
  { id: 'openai', label: 'OpenAI (GPT)', page: 'https://platform.openai.com/api-keys' },
  { id: 'google', label: 'Google (Gemini)', page: 'https://aistudio.google.com/apikey' },
  { id: 'openrouter', label: 'OpenRouter (many models, one key)', page: 'https://openrouter.ai/keys' },
  { id: 'groq', label: 'Groq', page: 'https://console.groq.com/keys' },
  { id: 'mistral', label: 'Mistral', page: 'https://console.mistral.ai/api-keys' },
  { id: 'deepseek', label: 'DeepSeek', page: 'https://platform.deepseek.com/api_keys' },
  { id: 'xai', label: 'xAI (Grok)', page: 'https://console.x.ai' },
]

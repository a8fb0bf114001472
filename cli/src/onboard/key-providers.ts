/** Where a key of each provider is kept in `secrets.env`, and where a person gets one. The names are those the gateway reads. */
export const keyProviders: readonly { id: string; label: string; name: string; page: string }[] = [
  { id: 'anthropic', label: 'Anthropic (Claude)', name: 'ANTHROPIC_API_KEY', page: 'https://console.anthropic.com/settings/keys' },
  { id: 'openai', label: 'OpenAI (GPT)', name: 'OPENAI_API_KEY', page: 'https://platform.openai.com/api-keys' },
  { id: 'google', label: 'Google (Gemini)', name: 'GOOGLE_API_KEY', page: 'https://aistudio.google.com/apikey' },
  { id: 'openrouter', label: 'OpenRouter (many models, one key)', name: 'OPENROUTER_API_KEY', page: 'https://openrouter.ai/keys' },
  { id: 'groq', label: 'Groq', name: 'GROQ_API_KEY', page: 'https://console.groq.com/keys' },
  { id: 'mistral', label: 'Mistral', name: 'MISTRAL_API_KEY', page: 'https://console.mistral.ai/api-keys' },
  { id: 'deepseek', label: 'DeepSeek', name: 'DEEPSEEK_API_KEY', page: 'https://platform.deepseek.com/api_keys' },
  { id: 'xai', label: 'xAI (Grok)', name: 'XAI_API_KEY', page: 'https://console.x.ai' },
]

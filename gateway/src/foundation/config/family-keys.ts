/**
 * Keys that programs of this family write and no room here reads (yet). They are accepted in silence, so that a file
 * from another installation raises no false alarm. `{a,b}` is shorthand for several paths, `*` one step (a name or a
 * list position), a last `**` everything below. Channel ids are not among them: everything a channel of ours does not
 * read is covered by the common keys.
 */
const written = [
  '$schema',
  'diagnostics.{enabled,flags.**,otel.**,cacheTrace.**}',
  'logging.audit.**',
  'update.{channel,checkOnStart}',
  'browser.{enabled,evaluateEnabled,cdpUrl,remoteCdpTimeoutMs,remoteCdpHandshakeTimeoutMs,color,executablePath,headless,noSandbox,attachOnly,defaultProfile}',
  'browser.{snapshotDefaults.mode,profiles.*.cdpPort,profiles.*.cdpUrl,profiles.*.driver,profiles.*.color,ssrfPolicy.**,extensionRelay.**}',
  'ui.{seamColor,assistant.name,assistant.avatar}',
  'auth.{profiles.*.provider,profiles.*.mode,profiles.*.email,order.**}',
  'auth.cooldowns.{billingBackoffHours,billingBackoffHoursByProvider.**,billingMaxHours,failureWindowHours}',
  'models.mode',
  'models.providers.*.{baseUrl,apiKey,auth,api,headers.**,authHeader}',
  'models.providers.*.models.*.{id,name,api,reasoning,input.**,cost.**,contextWindow,maxTokens,headers.**,compat.**}',
  'models.bedrockDiscovery.{enabled,region,providerFilter.**,refreshInterval,defaultContextWindow,defaultMaxTokens}',
  'nodeHost.browserProxy.{enabled,allowProfiles.**}',
  'agents.defaults.{model.**,imageModel.**,models.**,workspace,repoRoot,skipBootstrap,bootstrapMaxChars,userTimezone,timeFormat,envelopeTimezone,envelopeTimestamp}',
  'agents.defaults.{envelopeElapsed,contextTokens,cliBackends.**,memorySearch.**,contextPruning.**,compaction.**,thinkingDefault,verboseDefault,elevatedDefault}',
  'agents.defaults.{blockStreamingDefault,blockStreamingBreak,blockStreamingChunk.**,blockStreamingCoalesce.**,humanDelay.**,timeoutSeconds,mediaMaxMb}',
  'agents.defaults.{heartbeat.**,maxConcurrent,subagents.**,sandbox.**}',
  'agents.list.*.{id,default,name,workspace,agentDir,model.**,memorySearch.**,humanDelay.**,heartbeat.**,identity.**,groupChat.**,subagents.**,sandbox.**,tools.**}',
  'agents.entries.**',
  'tools.{profile,allow.**,alsoAllow.**,deny.**,byProvider.**,web.**,media.**,links.**,message.**,agentToAgent.**,elevated.**,exec.**,subagents.**,sandbox.**}',
  'tools.{fs.**,loopDetection.**,toolSearch.**,codeMode.**,sessions.**}',
  'bindings.**',
  'broadcast.**',
  'audio.transcription.{command.**,timeoutSeconds}',
  'media.preserveFilenames',
  'messages.{messagePrefix,responsePrefix,groupChat.**,queue.**,inbound.**,statusReactions.emojis.**,tts.**}',
  'commands.{native,nativeSkills,text,bash,bashForegroundMs,config,debug,restart,useAccessGroups,allowFrom.**,ownerAllowFrom.**,mcp,plugins}',
  'approvals.exec.{enabled,mode,agentFilter.**,sessionFilter.**,targets.**}',
  'session.{scope,dmScope,identityLinks.**,resetTriggers.**,idleMinutes,reset.**,resetByType.**,resetByChannel.**,store,mainKey}',
  'session.{sendPolicy.**,agentToAgent.**,groupScope,maintenance.**,threadBindings.**,sharing.**,notifyOnCreate}',
  'cron.{enabled,store,maxConcurrentRuns,triggers.**,failureAlert.**,skipMissedJobs,webhookSsrfPolicy.**}',
  'hooks.{enabled,path,token,maxBodyBytes,presets.**,transformsDir,mappings.**,gmail.**,internal.**,defaultSessionKey,allowedAgentIds.**}',
  'hooks.{allowRequestSessionKey,allowedSessionKeyPrefixes.**}',
  'web.{enabled,heartbeatSeconds,reconnect.**}',
  'channels.defaults.{groupPolicy,heartbeat.**}',
  'channels.*.{enabled,name,capabilities.**,markdown.**,commands.**,configWrites,dmPolicy,dm.**,allowFrom.**,groupPolicy,groupAllowFrom.**,groups.**,historyLimit}',
  'channels.*.{dmHistoryLimit,dms.**,textChunkLimit,chunkMode,blockStreaming,blockStreamingCoalesce.**,mediaMaxMb,replyToMode,actions.**,heartbeat.**,accounts.**}',
  'channels.*.{streaming.**,joinIntro,contextVisibility,healthMonitor.**}',
  'channels.*.{botToken,tokenFile,customCommands.**,streamMode,draftChunk.**,timeoutSeconds,retry.**,network.**,proxy,webhookUrl,webhookSecret,webhookPath}',
  'channels.*.{reactionNotifications,reactionLevel,linkPreview,token,allowBots,guilds.**,maxLinesPerMessage,execApprovals.**,intents.**,mode,appToken,userToken}',
  'channels.*.{userTokenReadOnly,signingSecret,requireMention,channels.**,reactionAllowlist.**,replyToModeByChatType.**,thread.**,slashCommand.**,selfChatMode}',
  'channels.*.{sendReadReceipts,messagePrefix,debounceMs,account,httpUrl,httpHost,httpPort,cliPath,autoStart,startupTimeoutMs,receiveMode}',
  'channels.*.{ignoreAttachments,ignoreStories,dbPath,remoteHost,service,region,includeAttachments,serviceAccount.**,serviceAccountFile,audienceType,audience}',
  'channels.*.{botUser,typingIndicator,appId,appPassword,tenantId,webhook.**,teams.**,replyStyle,sharePointSiteId,mediaAllowHosts.**,serverUrl,password}',
  'channels.*.{homeserver,userId,accessToken,deviceName,encryption,initialSyncLimit,threadReplies,autoJoin,autoJoinAllowlist.**,allowlistOnly,apiRoot}',
  'discovery.{wideArea.enabled,wideArea.domain,mdns.mode}',
  'canvasHost.{enabled,root,port,liveReload}',
  'talk.{voiceId,voiceAliases.**,modelId,outputFormat,apiKey,interruptOnSpeech}',
  'gateway.{port,mode,bind,controlUi.**,trustedProxies.**,tailscale.**,remote.**,reload.**,tls.**,http.**,nodes.**}',
  'gateway.auth.{mode,token,password,allowTailscale,rateLimit.**,trustedProxy.**,identityScopes.**}',
  'gateway.{publicOrigin,roles.**,allowRealIpFallback,terminal.**,cliAgents.**,push.**}',
  'skills.{allowBundled.**,load.**,install.**,entries.**}',
  'plugins.{enabled,allow.**,deny.**,load.**,slots.**,entries.**,installs.**}',
  '{accessGroups,mcp,memory,secrets,security,telemetry,acp,worktreeRoot,acceleration,multiAgent,cloudWorkers,desktop}.**',
  '{budgets,egress,encryption,outbox,quietHours,people,roles,backup,audit,sessionsAuth,panic}.**',
]

/** The family's key paths, one array of steps each. */
export const familyKeys: readonly (readonly string[])[] = written.flatMap(expand).map((path) => path.split('.'))

function expand(path: string): string[] {
  const found = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path)
  if (found === null) return [path]
  const [, before = '', choices = '', after = ''] = found
  return choices.split(',').flatMap((choice) => expand(before + choice + after))
}

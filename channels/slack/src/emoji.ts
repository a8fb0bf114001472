/** Slack's own names of emoji, as far as an assistant or an answer to it is likely to use them; the first name of a line is the one we send. */
const table = `
👍 +1 thumbsup|👎 -1 thumbsdown|👀 eyes|✅ white_check_mark|☑️ ballot_box_with_check|✔️ heavy_check_mark|❌ x|❎ negative_squared_cross_mark|⭕ o|❓ question|❗ exclamation heavy_exclamation_mark|‼️ bangbang
🎉 tada|🎊 confetti_ball|🎈 balloon|🎁 gift|🎂 birthday|🏆 trophy|🥇 first_place_medal|⭐ star|🌟 star2|✨ sparkles|💫 dizzy|🔥 fire|💯 100|💥 boom collision|⚡ zap|🚀 rocket
❤️ heart|🧡 orange_heart|💛 yellow_heart|💚 green_heart|💙 blue_heart|💜 purple_heart|🖤 black_heart|🤍 white_heart|💔 broken_heart|💕 two_hearts|💖 sparkling_heart
😀 grinning|😃 smiley|😄 smile|😁 grin|😆 laughing satisfied|😅 sweat_smile|😂 joy|🤣 rolling_on_the_floor_laughing|🙂 slightly_smiling_face|🙃 upside_down_face|😉 wink|😊 blush|😇 innocent|😍 heart_eyes|😘 kissing_heart|😋 yum|😎 sunglasses|🤓 nerd_face|🤔 thinking_face|🤨 face_with_raised_eyebrow|😐 neutral_face|😑 expressionless|😶 no_mouth|🙄 face_with_rolling_eyes|😏 smirk|😬 grimacing|😌 relieved|😔 pensive|😪 sleepy|😴 sleeping|😷 mask|🤒 face_with_thermometer|🤯 exploding_head|🥳 partying_face|😕 confused|😟 worried|🙁 slightly_frowning_face|😮 open_mouth|😲 astonished|😳 flushed|🥺 pleading_face|😢 cry|😭 sob|😱 scream|😩 weary|😫 tired_face|😤 triumph|😡 rage|😠 angry|🤬 face_with_symbols_on_mouth|😈 smiling_imp|💀 skull|💩 hankey poop|🤡 clown_face|👻 ghost|👽 alien|🤖 robot_face|🫡 saluting_face
👋 wave|✋ hand raised_hand|👌 ok_hand|✌️ v|🤞 crossed_fingers|🤘 the_horns|🤙 call_me_hand|👈 point_left|👉 point_right|👆 point_up_2|👇 point_down|☝️ point_up|✊ fist|👊 facepunch punch|👏 clap|🙌 raised_hands|🤝 handshake|🙏 pray|💪 muscle|🤷 shrug|🤦 face_palm|🙋 raising_hand|🙇 bow|🏃 runner|🧠 brain|👁️ eye
🐶 dog|🐱 cat|🐭 mouse|🐰 rabbit|🦊 fox_face|🐻 bear|🐼 panda_face|🐵 monkey_face|🙈 see_no_evil|🙉 hear_no_evil|🙊 speak_no_evil|🐔 chicken|🐧 penguin|🦄 unicorn_face|🐝 bee|🐛 bug|🦞 lobster|🐙 octopus|🐢 turtle|🐍 snake|🐳 whale|🌱 seedling|🌲 evergreen_tree|🌵 cactus|🌷 tulip|🌹 rose|🌻 sunflower|🍀 four_leaf_clover|🍁 maple_leaf
☀️ sunny|🌙 crescent_moon|☁️ cloud|🌧️ rain_cloud|⛈️ thunder_cloud_and_rain|❄️ snowflake|🌈 rainbow|🌊 ocean|🌍 earth_africa|🍎 apple|🍌 banana|🍓 strawberry|🍕 pizza|🍔 hamburger|🌮 taco|🍿 popcorn|🍪 cookie|🍰 cake|☕ coffee|🍵 tea|🍺 beer|🍻 beers|🍷 wine_glass|🥂 clinking_glasses
⚽ soccer|🎮 video_game|🎲 game_die|🎯 dart|🎵 musical_note|🎶 notes|🎸 guitar|📷 camera|🎥 movie_camera|📞 telephone_receiver|💻 computer|⌨️ keyboard|🖨️ printer|💡 bulb|🔦 flashlight|📖 book open_book|📚 books|📝 memo pencil|✏️ pencil2|📎 paperclip|📌 pushpin|📍 round_pushpin|✂️ scissors|🔒 lock|🔓 unlock|🔑 key|🔨 hammer|🔧 wrench|⚙️ gear|🧪 test_tube|💊 pill|🛒 shopping_trolley|📦 package|📬 mailbox_with_mail|📧 e-mail|📅 date|📆 calendar|⏰ alarm_clock|⏳ hourglass_flowing_sand|⌛ hourglass|⏱️ stopwatch|🔔 bell|🔕 no_bell|📢 loudspeaker|📣 mega|💬 speech_balloon|💭 thought_balloon|💤 zzz|🔍 mag|🔎 mag_right|📈 chart_with_upwards_trend|📉 chart_with_downwards_trend|📊 bar_chart|💰 moneybag|💸 money_with_wings|💵 dollar|💳 credit_card
🚗 car red_car|🚕 taxi|🚌 bus|🚲 bike|✈️ airplane|🚢 ship|🏠 house|🏢 office|🏥 hospital|🏫 school|🚧 construction|🚨 rotating_light|🛑 octagonal_sign|⛔ no_entry|🚫 no_entry_sign|⚠️ warning|♻️ recycle|➕ heavy_plus_sign|➖ heavy_minus_sign|➡️ arrow_right|⬅️ arrow_left|⬆️ arrow_up|⬇️ arrow_down|🔄 arrows_counterclockwise|🔁 repeat|▶️ arrow_forward|⏸️ double_vertical_bar|⏹️ black_square_for_stop|🔴 red_circle|🟠 large_orange_circle|🟡 large_yellow_circle|🟢 large_green_circle|🔵 large_blue_circle|🟣 large_purple_circle|⚫ black_circle|⚪ white_circle|🆗 ok|🆕 new|🆘 sos|🔗 link|🏁 checkered_flag|🚩 triangular_flag_on_post
0️⃣ zero|1️⃣ one|2️⃣ two|3️⃣ three|4️⃣ four|5️⃣ five|6️⃣ six|7️⃣ seven|8️⃣ eight|9️⃣ nine|🔟 keycap_ten`

const names = new Map<string, string>()
const signs = new Map<string, string>()
for (const entry of table.trim().split(/[|\n]/)) {
  const [sign = '', ...called] = entry.split(' ')
  names.set(bare(sign), called[0] ?? '')
  for (const name of called) signs.set(name, sign)
}

/** Without the signs that only choose how it looks: colour, and picture instead of text. */
function bare(emoji: string): string {
  return emoji.replaceAll('\ufe0f', '').replace(/[\u{1F3FB}-\u{1F3FF}]/gu, '')
}

/** Slack's name of an emoji, without colons; also of one that is written as its name. Undefined: not one we know. */
export function emojiName(emoji: string): string | undefined {
  const written = /^:([a-z0-9_+'-]{1,100}):$/.exec(emoji)?.[1]
  return written ?? names.get(bare(emoji.trim()))
}

/** The emoji of a name in an event; `:name:` for a workspace's own. */
export function emojiOf(name: string): string {
  const plain = name.split('::', 1)[0] ?? name
  return signs.get(plain) ?? `:${plain.replace(/[^\w+'-]/g, '').slice(0, 100)}:`
}

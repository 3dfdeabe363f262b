/**
 * How models refuse, by language: regular expressions that must match where a sentence begins. `GAP` stands for a few words
 * of the same sentence, or across its end to the next. A workspace may replace the list (setting `kinds.refusals`).
 */
const GAP = '[^.!?。！？\\n]{0,24}[.!。！]?[^.!?。！？\\n]{0,60}?';
const SHORT = '[^.!?。！？\\n]{0,24}?';

const englishLead = `(?:(?:oh|well|no|hi|hello|thank you|thanks)[,.!]? )?(?:(?:i['’]?m|i am) (?:\\w+ )?(?:sorry|afraid)|sorry|(?:my )?apologies|i (?:sincerely )?apologi[sz]e|unfortunately|regrettably|i regret(?: to (?:say|inform you))?|as an? (?:\\w+ )?(?:ai|language model|assistant|llm)\\b[^.!?,\\n]{0,60})[ ,;:.–—-]*(?:but |that |however,? )?`;
const englishCannot = `(?:i|we)(?:['’]?m| am|['’]re| are)? (?:\\w+ly |just |also |still |really |simply |really )?(?:can(?:['’]?t|not| not)|won['’]?t|will not|unable to|not able to|not allowed to|not permitted to|not (?:really )?comfortable|not programmed to|not in a position to|not going to|do(?:n['’]t| not) feel comfortable|must (?:\\w+ly )?(?:decline|refuse)|have to (?:\\w+ly )?(?:decline|refuse)|(?:decline|refuse) to|would rather not|['’]d rather not|prefer not to|could not|shouldn['’]t|should not|(?:do not|don['’]t) have the ability to)`;
const englishDeed = `(?:help|assist|aid (?:you|with)|support (?:you|this|that|your|the request)|answer|provide|fulfil|compl(?:y|ied)|do (?:that|this|so)|create|generate|write|compose|draft|produce|share|offer|discuss|engage|participate|continue|respond|recommend(?![^.!?\\n]{0,60}\\benough\\b)|advise|process|complete (?:this|that|your)|satisfy|accommodate|give|tell you|explain how|show you|teach|facilitate|encourage|condone|promote|disclose|reveal|access|pretend|role-?play|be able to (?:help|assist|answer)|talk about|speculate|make|say|go into|proceed|translate|summari[sz]e|describe|suggest|decline|be of (?:help|assistance)|fulfill|share|entertain|honou?r)`;

export const refusalPatterns: readonly string[] = [
  // English
  `(?:${englishLead}|however,? |but )?${englishCannot}(?: to| with| in good conscience| ethically| legally| really| directly|,)*(?: be)? ?(?:able to )?${englishDeed}\\b`,
  `${englishLead}(?:i|we) (?:do not|don['’]t) (?:currently |actually )?have (?:\\w+ )?(?:access to|the ability to)\\b`,
  `(?:${englishLead})?(?:i|we) (?:must|have to|need to|will have to|['’]ll have to) (?:\\w+ly )?(?:decline|refuse)\\b`,
  `(?:${englishLead})(?:this|that|it)(?:['’]s| is)(?: just)? (?:not )?(?:something|a (?:topic|request|question|subject)) (?:that )?i(?:['’]m| am)? (?:can(?:['’]?t|not| not)|can|am not|not|won['’]?t)\\b`,
  `(?:${englishLead})?(?:that|this)(?:['’]s| is) (?:not )?(?:something|a (?:topic|request|question|subject)) (?:that )?i(?:['’]m| am)? (?:can(?:['’]?t|not| not)|can|not|won['’]?t) (?:\\w+ )?(?:help|assist|answer|discuss|do|provide|comfortable|able|willing)\\b`,
  `(?:as an ai|as a (?:large )?language model|i['’]?m (?:just |only )?an ai|i am (?:just |only )?an ai)\\b[^.!?\\n]{0,60}?\\b(?:can(?:['’]?t|not| not)|(?:do not|don['’]t) (?:have|hold|possess)|not (?:able|allowed|permitted|programmed|capable)|unable|won['’]?t|will not)\\b`,
  `(?:i['’]m|i am) (?:sorry|afraid)[ ,;–—-]*(?:but )?(?:i )?can(?:['’]?t|not) (?:do )?(?:that|this|it)\\b`,
  `(?:this|your|that|the) (?:request|question|prompt|content|message)\\b[^.!?\\n]{0,40}\\b(?:violates|goes against|is against|is prohibited|is not (?:allowed|permitted|appropriate)|can(?:not|['’]t) be (?:answered|fulfilled|processed))\\b`,
  `(?:it (?:is|would be)|it['’]s) (?:not |in|un)(?:appropriate|ethical|acceptable)\\b[^.!?\\n]{0,12}\\b(?:for me )?to (?:provide|help|assist|answer|share|give|create|write|generate|discuss)\\b`,
  `(?:${englishLead})?(?:i|we) (?:do(?:n['’]t| not) feel|am not|are not)(?: \\w+)? comfortable (?:\\w+ing\\b|with (?:this|that|your|the) (?:request|topic|question|subject)\\b)`,
  // German
  `(?:(?:es tut mir (?:sehr |wirklich )?leid|tut mir leid|entschuldigung|entschuldigen sie|verzeihung|leider|bedauerlicherweise|ich bedauere?|sorry)[^.!?\\n]{0,12}[.!]? ?)?(?:(?:ich|wir) (?:kann|können|darf|werde|möchte)|(?:kann|darf|werde|möchte) ich)\\b[^.!?\\n]{0,80}?\\b(?:nicht|kein\\w*)\\b[^.!?\\n]{0,40}?(?:helfen|weiterhelfen|beantworten|unterstützen|erfüllen|nachkommen|bereitstellen|behilflich|antworten|entsprechen|eingehen|bearbeiten)`,
  `(?:es tut mir (?:sehr |wirklich )?leid|tut mir leid|entschuldigung|leider|bedauerlicherweise)[^.!?\\n]{0,12}[.!]? ?(?:(?:ich|wir) (?:kann|darf|werde|möchte)|(?:kann|darf|werde|möchte) ich)\\b[^.!?\\n]{0,80}?\\b(?:nicht|kein\\w*)\\b[^.!?\\n]{0,40}?(?:geben|liefern|erstellen|schreiben|tun|machen|dienen|anbieten|verfassen|erzeugen|weitergeben)`,
  `als (?:ki|künstliche intelligenz|sprachmodell)\\b[^.!?\\n]{0,60}?(?:nicht|kein\\w*)\\b`,
  // French
  `(?:je (?:suis (?:vraiment |sincèrement )?)?(?:désolée?|navrée?|regrette|m['’]excuse)|désolée?|navrée?|malheureusement|toutes mes excuses|excusez-moi)${SHORT}[.!]? ?(?:mais )?(?:je|nous) ne (?:peux|puis|pourrai|pouvons|suis (?:pas )?(?:en mesure|capable|autorisée?))`,
  `je ne (?:peux|puis|pourrai|suis) (?:malheureusement )?pas (?:vous |t['’]|te |en mesure de |capable de )*(?:y )?(?:aider|répondre|fournir|assister|satisfaire|traiter|accéder à (?:cette|votre)|donner suite)`,
  `en tant qu['’](?:ia|intelligence artificielle|assistant|un? modèle)[^.!?\\n]{0,40}je ne (?:peux|puis|suis)`,
  // Spanish
  `(?:lo siento|lo lamento|lamento|disculpa|disculpe|perdón|perdona|lamentablemente|desafortunadamente|desgraciadamente)${SHORT}[.!]? ?(?:pero )?(?:yo )?no (?:puedo|podré|me es posible|estoy autorizad|estoy en condiciones|soy capaz|es posible)`,
  `no puedo (?:ayudar|responder|proporcionar|asistir|cumplir|ofrecer|brindar|facilitar|atender)[^.!?\\n]{0,30}\\b(?:eso|esa|esta|este|ello|tu|su|solicitud|petición|pregunta|información|ese)`,
  `como (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje)[^.!?\\n]{0,40}no (?:puedo|tengo)`,
  // Italian
  `(?:mi dispiace|spiacente|sono spiacente|purtroppo|scusa|scusami|mi scuso|mi rincresce)${SHORT}[.!]? ?(?:ma )?(?:io )?non (?:posso|sono in grado|mi è possibile|potrò|mi è permesso)`,
  `non (?:posso|sono in grado di) (?:aiutar|risponder|fornir|assister|soddisfar)[^.!?\\n]{0,30}\\b(?:questo|questa|quest|tua|sua|ciò|richiesta|domanda)`,
  // Portuguese
  `(?:desculpe?|desculpa|sinto muito|lamento|infelizmente|peço desculpas?|me desculpe)${SHORT}[.!]? ?(?:mas )?(?:eu )?não (?:posso|consigo|poderei|me é possível|estou autorizad|sou capaz|é possível)`,
  `não (?:posso|consigo) (?:ajud|respond|fornec|assist|atend)[^.!?\\n]{0,30}\\b(?:isso|iss|esse|essa|este|esta|sua|seu|pedido|pergunta|solicitação)`,
  // Dutch
  `(?:het spijt me|sorry|helaas|mijn excuses|excuses)${SHORT}[.!]? ?(?:maar )?(?:(?:ik|we) (?:kan|mag|zal)|(?:kan|mag|zal) ik)\\b[^.!?\\n]{0,60}?\\b(?:niet|geen)\\b`,
  `ik kan (?:je|u|jou)?[^.!?\\n]{0,30}?\\bniet\\b[^.!?\\n]{0,20}\\b(?:helpen|assisteren|beantwoorden|voldoen)`,
  // Swedish, Danish, Norwegian, Finnish
  `(?:tyvärr|jag är ledsen|förlåt|jag beklagar|beklagar|ursäkta)${SHORT}[.!]? ?(?:men )?(?:jag kan|kan jag|jag får)[^.!?\\n]{0,20}?\\b(?:inte|ej)\\b`,
  `(?:beklager|jeg beklager|desværre|dessverre|undskyld|unnskyld|det er jeg ked af|jeg er ked af det)${SHORT}[.!]? ?(?:men )?(?:jeg kan|kan jeg|jeg må)[^.!?\\n]{0,20}?\\bikke\\b`,
  `(?:valitettavasti|pahoittelen|anteeksi|olen pahoillani)${SHORT}[.!]? ?(?:mutta )?en (?:voi|pysty|saa)`,
  // Polish, Czech, Romanian, Hungarian
  `(?:przepraszam|bardzo przepraszam|przykro mi|niestety)${SHORT}[.!]? ?(?:ale )?nie (?:mogę|jestem w stanie|będę mógł|będę mogła|wolno mi)`,
  `nie mogę (?:ci |panu |pani )?(?:pomóc|odpowiedzieć na|spełnić|udzielić)`,
  `(?:omlouvám se|promiňte|bohužel|je mi líto|lituji)${SHORT}[.!]? ?(?:ale )?(?:s tím |vám |ti )*(?:nemohu|nemůžu|nejsem schop|nesmím)`,
  `(?:îmi pare rău|imi pare rau|scuze|din păcate|ne pare rău)${SHORT}[.!]? ?(?:dar )?nu (?:te |vă |îți )?(?:pot|sunt în măsură|sunt capabil)`,
  `(?:sajnálom|elnézést|sajnos|bocsánat)${SHORT}[.!]? ?(?:de )?(?:ebben )?nem (?:tudok|segíthetek|áll módomban|válaszolhatok|tudom|adhatok)`,
  // Turkish
  `(?:üzgünüm|maalesef|özür dilerim|ne yazık ki|kusura bakmayın)${GAP}(?:yardımcı olama|yardım edeme|yapama|yanıtlayama|cevaplayama|cevap vereme|yanıt vereme|vereme|sağlayama|yerine getireme|bulunama|mümkün değil|edemem|sunama|oluşturama|yazama)`,
  // Russian, Ukrainian, Bulgarian, Serbian
  `(?:извините|извини|простите|прошу прощения|к сожалению|мне (?:очень )?жаль|сожалею|приношу извинения)${SHORT}[.!]? ?(?:но )?(?:я )?(?:с этим |вам |тебе )*не (?:могу|смогу|в состоянии|буду|имею права|имею возможности|способен)`,
  `я не (?:могу|смогу|буду) (?:вам |тебе |с этим )*(?:помочь|ответить на (?:этот|ваш|такой|данный)|предоставить|выполнить (?:эту|этот|вашу|ваш|данн)|обсуждать|участвовать)`,
  `как (?:ии|искусственный интеллект|языковая модель)[^.!?\\n]{0,40}не (?:могу|имею)`,
  `(?:вибачте|вибач|на жаль|перепрошую|мені (?:дуже )?шкода|прошу вибачення)${SHORT}[.!]? ?(?:але )?(?:я )?не (?:можу|зможу|в змозі|маю права|маю змоги)`,
  `(?:съжалявам|за съжаление|извинете)${SHORT}[.!]? ?(?:но )?(?:аз )?не мога`,
  `(?:жао ми је|извините|нажалост)${SHORT}[.!]? ?(?:али )?(?:ја )?не могу`,
  // Greek, Hebrew, Arabic, Persian
  `(?:λυπάμαι|συγγνώμη|δυστυχώς|με συγχωρείτε|ζητώ συγγνώμη)${SHORT}[.!]? ?(?:αλλά )?δεν (?:μπορώ|είμαι σε θέση|επιτρέπεται)`,
  `(?:אני )?(?:מצטער|מצטערת|סליחה|לצערי|מתנצל|מתנצלת)${SHORT}[.!]? ?(?:אבל |אך )?(?:אני )?(?:לא (?:יכול|יכולה|אוכל|מסוגל)|איני יכול|אינני יכול|אין באפשרותי)`,
  `(?:عذر|آسف|أنا آسف|نأسف|للأسف|أعتذر|معذرة|المعذرة)[^.!؟\\n]{0,40}?(?:لا (?:أستطيع|يمكنني|أقدر|يمكن)|غير قادر|لن أتمكن|لست قادر|لا أتمكن)`,
  `لا (?:أستطيع|يمكنني) (?:مساعدتك|المساعدة|الإجابة|تقديم|تلبية)`,
  `(?:متأسفم|متاسفم|ببخشید|متأسفانه|متاسفانه|پوزش|با عرض پوزش|شرمنده)[^.!؟\\n]{0,50}?(?:نمی[\\u200c ]?توانم|قادر نیستم|نمیتوانم)`,
  // Hindi, Bengali
  `(?:मुझे खेद है|खेद है|क्षमा करें|माफ़ कीजिए|माफ़ करें|माफ करें|मुझे अफ़सोस है|मुझे माफ़ करें|क्षमा कीजिए)[^।!?\\n]{0,80}?(?:नहीं (?:कर|दे|दूं)|मदद नहीं|सहायता नहीं|असमर्थ|उत्तर नहीं|नहीं सक)`,
  `(?:দুঃখিত|আমি দুঃখিত|ক্ষমা করবেন)[^।!?\\n]{0,80}?(?:পারছি না|পারি না|পারব না|সম্ভব নয়)`,
  // Chinese, Japanese, Korean
  `(?:非常|真的|我)?(?:很)?(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾)[^。！？\\n]{0,30}?[。！]?[^。！？\\n]{0,20}?(?:无法|無法|不能(?!不)|不会提供|不會提供|不可以|不便|没有办法|沒有辦法|没办法|不被允许)`,
  `我(?:无法|無法|不能)(?:为|為|帮|幫|提供|回答|协助|協助|满足|滿足|完成这|完成這|处理|處理|生成|给|給|参与|參與|讨论|討論)`,
  `作为(?:一个|一名|一款)?(?:人工智能|AI|语言模型|大?语言模型)[^。！？\\n]{0,30}?(?:无法|不能|没有)`,
  `(?:大変|誠に|本当に)?(?:申し訳|すみません|すいません|恐れ入りますが|ごめんなさい|残念ながら|あいにく)[^！？\\n]{0,70}?(?:できません|できかねます|いたしかねます|致しかねます|お断り|できないです|しかねます)`,
  `(?:その|この|ご)(?:ような)?(?:リクエスト|要望|質問|依頼|内容|件)[^。！？\\n]{0,20}?(?:お応え|お答え|対応|お手伝い|回答|提供)[^。！？\\n]{0,6}?(?:できません|できかねます|いたしかねます)`,
  `(?:정말 |대단히 |매우 )?(?:죄송|미안|유감|안타깝)[^!?\\n]{0,80}?(?:수 없|수가 없|어렵습니다|불가능|못합니다|드릴 수 없)`,
  `(?:그|이|해당|요청하신)[^.!?\\n]{0,20}?(?:도와드릴|답변드릴|제공해 드릴|제공할|도와줄) 수 없`,
  // Vietnamese, Indonesian and Malay, Thai
  `(?:(?:tôi )?(?:rất )?(?:xin lỗi|tiếc|lấy làm tiếc)|rất tiếc)${SHORT}[.!]? ?(?:nhưng )?(?:tôi |mình |em )?không thể`,
  `(?:(?:mohon |saya minta )?maaf(?:kan saya)?|sayangnya|dengan berat hati)${SHORT}[.!]? ?(?:tetapi |tapi )?(?:saya |aku )?(?:tidak|tak|gak) (?:bisa|dapat|boleh|mampu)`,
  `(?:ขอโทษ|ขออภัย|เสียใจ|ต้องขออภัย)[^\\n]{0,50}?(?:ไม่สามารถ|ช่วยไม่ได้|ไม่อาจ)`,
];

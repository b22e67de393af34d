//! The raw material of the languages: function words, everyday words, syllables.

/// How one language is made.
#[derive(Debug)]
pub(super) struct TongueSpec {
    pub(super) topics: usize,
    pub(super) small: &'static [&'static str],
    pub(super) onsets: &'static [&'static str],
    pub(super) nuclei: &'static [&'static str],
    pub(super) codas: &'static [&'static str],
    pub(super) extra_syllables: usize,
    pub(super) spaced: bool,
    pub(super) stop: &'static str,
}

/// The first is the main language; about a third of the topics belong to the others.
pub(super) const TONGUES: &[TongueSpec] = &[
    TongueSpec {
        topics: 44,
        small: &[
            "the", "of", "and", "to", "a", "in", "is", "that", "it", "for", "was", "on", "with", "as", "be", "at", "by", "this",
            "have", "from", "or", "an", "are", "not", "but", "they", "which", "you", "we", "can", "when", "there", "their", "all",
            "if", "will", "would", "about", "more", "so", "each", "what", "how", "than", "then", "into", "only", "some", "could",
            "these", "its", "also", "after", "before", "between", "because", "through", "should", "where", "who", "while", "both",
            "under", "over", "without", "again", "during", "any", "most", "other", "such", "no", "our", "may", "must", "still",
        ],
        onsets: &["b", "br", "c", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "pr", "qu", "r", "s", "sc", "sh", "sl", "st", "str", "t", "th", "tr", "v", "w", "z"],
        nuclei: &["a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "oa", "ou", "y"],
        codas: &["", "", "n", "r", "l", "st", "nd", "ment", "ing", "ed", "er", "ion", "s", "t", "ck", "ry", "al", "ous"],
        extra_syllables: 1,
        spaced: true,
        stop: ". ",
    },
    TongueSpec {
        topics: 6,
        small: &["de", "la", "que", "el", "en", "y", "a", "los", "se", "del", "las", "un", "por", "con", "no", "una", "su", "para", "es", "al", "lo", "como", "más", "o", "pero", "sus", "le", "ha", "me", "si", "sin", "sobre", "este", "ya", "entre", "cuando", "todo", "esta", "ser", "son"],
        onsets: &["b", "c", "ch", "d", "f", "g", "j", "l", "ll", "m", "n", "ñ", "p", "qu", "r", "s", "t", "v", "tr", "pr"],
        nuclei: &["a", "e", "i", "o", "u", "ie", "ue", "á", "é", "ó"],
        codas: &["", "r", "s", "n", "ción", "dad", "mente", "do", "da", "l"],
        extra_syllables: 1,
        spaced: true,
        stop: ". ",
    },
    TongueSpec {
        topics: 5,
        small: &["der", "die", "und", "in", "den", "von", "zu", "das", "mit", "sich", "des", "auf", "für", "ist", "im", "dem", "nicht", "ein", "eine", "als", "auch", "es", "an", "werden", "aus", "er", "hat", "dass", "sie", "nach", "wird", "bei", "einer", "um", "am", "sind", "noch", "wie", "einem", "über"],
        onsets: &["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "sch", "st", "t", "w", "z", "br", "kr", "ver", "ge"],
        nuclei: &["a", "e", "i", "o", "u", "ei", "au", "ä", "ö", "ü", "ie"],
        codas: &["en", "er", "ung", "heit", "lich", "t", "st", "n", "keit", "", "ch"],
        extra_syllables: 2,
        spaced: true,
        stop: ". ",
    },
    TongueSpec {
        topics: 4,
        small: &["и", "в", "не", "на", "я", "что", "он", "с", "как", "это", "по", "но", "они", "мы", "к", "у", "из", "за", "от", "для", "же", "о", "так", "или", "его", "до", "бы", "только", "ещё", "при"],
        onsets: &["б", "в", "г", "д", "ж", "з", "к", "л", "м", "н", "п", "р", "с", "т", "ф", "х", "ц", "ч", "ш", "пр", "ст"],
        nuclei: &["а", "е", "и", "о", "у", "ы", "я", "ю"],
        codas: &["", "н", "ть", "ный", "ка", "ия", "ость", "л", "м", "т"],
        extra_syllables: 1,
        spaced: true,
        stop: ". ",
    },
    TongueSpec {
        topics: 5,
        small: &["的", "是", "在", "了", "和", "有", "我", "不", "这", "也", "就", "对", "与", "把", "到", "为", "从", "而", "将", "被"],
        onsets: &["数", "据", "模", "型", "学", "习", "问", "题", "方", "法", "分", "析", "系", "统", "用", "户", "时", "间", "结", "果", "计", "算", "文", "本", "语", "言", "工", "程", "市", "场", "公", "司", "经", "济", "管", "理", "服", "务", "开", "发", "设", "研", "究"],
        nuclei: &["", "", "化", "性", "量", "度", "率", "机", "器", "力", "点", "值", "表", "面", "式", "度"],
        codas: &["", "", "者", "员", "们"],
        extra_syllables: 1,
        spaced: false,
        stop: "。",
    },
    TongueSpec {
        topics: 3,
        small: &["في", "من", "على", "أن", "إلى", "عن", "مع", "هذا", "التي", "كان", "ما", "لا", "هو", "بعد", "كل", "قد", "ذلك", "بين", "هذه", "أو"],
        onsets: &["ب", "ت", "ج", "ح", "د", "ر", "س", "ش", "ع", "ف", "ق", "ك", "ل", "م", "ن", "ه", "ال"],
        nuclei: &["ا", "و", "ي", "", "را", "لي"],
        codas: &["", "ة", "ات", "ين", "ون", "د"],
        extra_syllables: 1,
        spaced: true,
        stop: ". ",
    },
    TongueSpec {
        topics: 3,
        small: &["में", "के", "की", "है", "का", "से", "को", "और", "पर", "यह", "एक", "ने", "हैं", "भी", "कि", "लिए", "इस", "था", "तो", "ही"],
        onsets: &["क", "ग", "च", "ज", "त", "द", "न", "प", "ब", "म", "र", "ल", "व", "स", "ह", "श"],
        nuclei: &["ा", "ि", "ी", "ु", "े", "ो", ""],
        codas: &["", "न", "र", "त", "ना", "ता"],
        extra_syllables: 1,
        spaced: true,
        stop: "। ",
    },
];

/// Everyday words of the first language.
pub(super) const COMMON: &[&str] = &[
    "time", "people", "way", "work", "system", "number", "part", "place", "case", "group", "company", "problem", "fact", "question",
    "order", "value", "result", "change", "report", "team", "process", "model", "data", "level", "service", "market", "state",
    "price", "report", "plan", "point", "month", "account", "customer", "product", "request", "answer", "example", "method",
    "energy", "water", "history", "language", "student", "teacher", "school", "city", "country", "river", "village", "family",
    "doctor", "patient", "treatment", "contract", "law", "court", "policy", "payment", "invoice", "budget", "delivery", "package",
    "network", "server", "memory", "file", "error", "version", "function", "table", "column", "index", "query", "user", "password",
    "make", "find", "give", "take", "use", "help", "show", "move", "need", "write", "read", "build", "learn", "explain", "compare",
    "describe", "measure", "reduce", "increase", "keep", "send", "receive", "open", "close", "start", "stop", "follow", "create",
    "new", "old", "large", "small", "high", "low", "early", "late", "public", "private", "local", "simple", "complex", "common",
    "different", "possible", "important", "recent", "clear", "strong", "green", "red", "heavy", "light", "fast", "slow", "open",
    "theory", "experiment", "equation", "particle", "cell", "protein", "climate", "species", "planet", "orbit", "engine", "bridge",
    "music", "novel", "poem", "painting", "film", "game", "player", "season", "travel", "hotel", "flight", "ticket", "recipe",
    "flour", "butter", "garden", "winter", "summer", "morning", "evening", "week", "hour", "minute", "train", "road", "machine",
];

//! The functions of expressions, by name.

/// Declares the functions: a name of ours, the one that is written, the fewest and the most arguments.
macro_rules! functions {
    ($($function:ident $name:literal $least:literal $most:expr;)*) => {
        /// A function of expressions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Function {
            $(#[doc = concat!("`", $name, "()`.")] $function,)*
        }

        impl Function {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$function,)*];

            /// As it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$function => $name,)*
                }
            }

            /// The fewest and the most arguments that it takes; none for any number.
            #[must_use]
            pub fn takes(self) -> (usize, Option<usize>) {
                match self {
                    $(Self::$function => ($least, $most),)*
                }
            }
        }
    };
}

functions! {
    If "if" 3 Some(3);
    Not "not" 1 Some(1);
    True "true" 0 Some(0);
    False "false" 0 Some(0);
    Boolean "boolean" 1 Some(1);
    BooleanFromString "boolean-from-string" 1 Some(1);
    Coalesce "coalesce" 1 None;
    Checklist "checklist" 3 None;
    WeightedChecklist "weighted-checklist" 4 None;
    Once "once" 1 Some(1);
    Count "count" 1 Some(1);
    CountNonEmpty "count-non-empty" 1 Some(1);
    Sum "sum" 1 Some(1);
    Max "max" 0 None;
    Min "min" 0 None;
    Position "position" 0 Some(1);
    Last "last" 0 Some(0);
    Name "name" 0 Some(1);
    Current "current" 0 Some(0);
    Instance "instance" 1 Some(1);
    IndexedRepeat "indexed-repeat" 3 Some(7);
    Join "join" 1 None;
    Selected "selected" 2 Some(2);
    SelectedAt "selected-at" 2 Some(2);
    CountSelected "count-selected" 1 Some(1);
    ChoiceName "jr:choice-name" 2 Some(2);
    String "string" 0 Some(1);
    Concat "concat" 0 None;
    StringLength "string-length" 0 Some(1);
    Substring "substring" 2 Some(3);
    Substr "substr" 2 Some(3);
    SubstringBefore "substring-before" 2 Some(2);
    SubstringAfter "substring-after" 2 Some(2);
    Contains "contains" 2 Some(2);
    StartsWith "starts-with" 2 Some(2);
    EndsWith "ends-with" 2 Some(2);
    NormalizeSpace "normalize-space" 0 Some(1);
    Translate "translate" 3 Some(3);
    Regex "regex" 2 Some(2);
    Uuid "uuid" 0 Some(1);
    Number "number" 0 Some(1);
    Int "int" 1 Some(1);
    Round "round" 1 Some(2);
    Floor "floor" 1 Some(1);
    Ceiling "ceiling" 1 Some(1);
    Abs "abs" 1 Some(1);
    Pow "pow" 2 Some(2);
    Sqrt "sqrt" 1 Some(1);
    Exp "exp" 1 Some(1);
    Exp10 "exp10" 1 Some(1);
    Log "log" 1 Some(1);
    Log10 "log10" 1 Some(1);
    Sin "sin" 1 Some(1);
    Cos "cos" 1 Some(1);
    Tan "tan" 1 Some(1);
    Asin "asin" 1 Some(1);
    Acos "acos" 1 Some(1);
    Atan "atan" 1 Some(1);
    Atan2 "atan2" 2 Some(2);
    Pi "pi" 0 Some(0);
    Random "random" 0 Some(0);
    Today "today" 0 Some(0);
    Now "now" 0 Some(0);
    Date "date" 1 Some(1);
    DateTime "date-time" 1 Some(1);
    DecimalDateTime "decimal-date-time" 1 Some(1);
    DecimalTime "decimal-time" 1 Some(1);
    FormatDate "format-date" 2 Some(2);
    FormatDateTime "format-date-time" 2 Some(2);
    AddDate "add-date" 2 Some(6);
    DifferenceInDays "difference-in-days" 2 Some(2);
    DifferenceInWeeks "difference-in-weeks" 2 Some(2);
    DifferenceInMonths "difference-in-months" 2 Some(2);
    DifferenceInYears "difference-in-years" 2 Some(2);
    ParseTimestamp "parse-timestamp-to-date" 1 Some(1);
    Randomize "randomize" 1 Some(2);
    Base64Decode "base64-decode" 1 Some(1);
    Digest "digest" 2 Some(3);
    Itext "jr:itext" 1 Some(1);
    Version "version" 0 Some(0);
    Pulldata "pulldata" 2 None;
    ExtensionLib "cht:extension-lib" 1 None;
}

impl Function {
    /// The one that is written so. Community Health Toolkit's go by their name with its prefix and
    /// without.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let local = name.strip_prefix("cht:").unwrap_or(name);
        let name = match local {
            "is-selected" => "selected",
            "extension-lib" => "cht:extension-lib",
            "choice-name" => "jr:choice-name",
            "itext" => "jr:itext",
            other => other,
        };
        Self::ALL.iter().copied().find(|f| f.as_str() == name)
    }
}

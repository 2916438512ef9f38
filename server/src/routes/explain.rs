//! What people at the dashboard meet when something they typed is not taken, in Chinese; English is what the errors themselves say.

use gridfold_sync_core::directory::CatalogueError;
use gridfold_sync_core::limits::{MAX_CATALOGUE_BYTES, MAX_DEADLINE_HOURS, MAX_KIND_TEXT_CHARS};
use gridfold_sync_core::schema::FormError;

use crate::auth::{
    AccountError, LOGIN_MAX_CHARS, PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, PasswordError,
};
use crate::import::{ImportError, TableError};

pub(super) fn password(error: &PasswordError) -> String {
    match error {
        PasswordError::TooShort => {
            format!("密码至少要 {PASSWORD_MIN_CHARS} 个字符；连着写几个词就好记")
        }
        PasswordError::TooLong => format!("密码最多 {PASSWORD_MAX_CHARS} 个字符"),
        PasswordError::TooCommon => "这个密码太常见，别人一猜就中，请换一个".to_owned(),
        PasswordError::ContainsLogin => "密码里不能含有登录名".to_owned(),
        _ => "密码没有被接受".to_owned(),
    }
}

pub(super) fn account(error: &AccountError) -> String {
    match error {
        AccountError::BadLogin => format!("登录名为 1 到 {LOGIN_MAX_CHARS} 个字符，不含空格"),
        AccountError::Taken => "这个登录名已有人用，或者此人已有账号，请换一个登录名".to_owned(),
        AccountError::NoAccount => "此人还没有账号".to_owned(),
        AccountError::Password(inner) => password(inner),
        AccountError::Store(_) => "账号没有保存".to_owned(),
    }
}

pub(super) fn form(error: &FormError) -> String {
    match error {
        FormError::NotAForm(what) => format!("这不是一个表单：{what}"),
        FormError::TwiceTheField(key) => format!("字段 {key} 出现了两次，请给其中一个改名"),
        FormError::NotInAGroup(key) => {
            format!("分组里的 {key} 不能用这种类型（长文本、多选、计数、分组）")
        }
        FormError::NoSuchField(key) => format!("有规则提到字段 {key}，但表单里没有它"),
        FormError::ImpossibleRule(key) => {
            format!("字段 {key} 的规则无法满足，请检查上下限和选项")
        }
        FormError::ChangedType(key, version) => format!(
            "字段 {key} 的类型或敏感级别与第 {version} 版不同：请另起一个字段，旧记录保留原来的字段"
        ),
        FormError::ChangedClass(version) => {
            format!("表单的敏感级别与第 {version} 版不同：请另建一个表单")
        }
        FormError::Published(version) => {
            format!("第 {version} 版已经发布，请作为新的版本发布")
        }
        FormError::UnknownMeaning { of, meaning, known } => {
            format!("{of} 的含义（means）“{meaning}”这里不认识：请去掉 means，或写 {known} 之一")
        }
        FormError::TwiceTheMeaning(key, meaning) => {
            let meaning = meaning.as_str();
            format!("字段 {key} 和前面的字段都写了含义“{meaning}”：请去掉其中一个的 means")
        }
        FormError::CannotMean {
            field,
            meaning,
            types,
        } => {
            let meaning = meaning.as_str();
            format!("字段 {field} 的类型不能有含义“{meaning}”：只有 {types} 可以")
        }
        FormError::MeaningInAGroup(key) => {
            format!("分组里的 {key} 对整条记录没有含义：请去掉 means")
        }
        FormError::ChangedMeaning(version, meaning) => {
            let meaning = meaning.as_str();
            format!("第 {version} 版说它的记录是“{meaning}”：要记别的，请另建一个表单")
        }
        FormError::NeverClosed(meaning) => {
            let meaning = meaning.as_str();
            format!("含义为“{meaning}”的表单要有流程，其中有带 closed 的状态")
        }
        FormError::DoneAndClosed(key) => {
            format!("状态 {key} 同时写了 done 和 closed：done 是办完而还待办结的")
        }
        FormError::BeginsDone(key) => {
            format!("状态 {key} 是第一个状态，不能带 done 或 closed")
        }
        FormError::StaysDone(key) => {
            format!("状态 {key} 带 done，却没有步骤通到带 closed 的状态")
        }
        other => format!("表单不能发布：{other}"),
    }
}

pub(super) fn catalogue(error: &CatalogueError) -> String {
    match error {
        CatalogueError::NotACatalogue(what) => format!("这不是一份事项目录：{what}"),
        CatalogueError::NoKinds => "目录里没有任何类别".to_owned(),
        CatalogueError::TooLarge(bytes) => {
            format!("目录有 {bytes} 字节，最多 {MAX_CATALOGUE_BYTES}：请缩短文字或去掉一些类别")
        }
        CatalogueError::TwiceTheKind(code) => format!("类别 {code} 出现了两次，请改其中一个代码"),
        CatalogueError::TwiceTheName(one, other) => {
            format!("类别 {one} 和 {other} 同名，没人分得清")
        }
        CatalogueError::BadText(code, what) => format!(
            "类别 {code} 的文字（{what}）是空的、超过 {MAX_KIND_TEXT_CHARS} 字，或含有控制字符"
        ),
        CatalogueError::BadDeadline(code) => {
            format!("类别 {code} 的时限要在 1 到 {MAX_DEADLINE_HOURS} 小时之间；没有就空着")
        }
        CatalogueError::BadEvidence(code, what) => {
            format!("类别 {code} 要的材料 {what} 不认识，或写了两次")
        }
        CatalogueError::NotNext { expected, given } => {
            format!("下一版应是 {expected}，不是 {given}：可能别人刚发布过，请刷新后再试")
        }
        CatalogueError::Published(version) => {
            format!("第 {version} 版已经发布，请作为新的版本发布")
        }
        CatalogueError::MissingKind(code) => {
            format!("少了上一版的类别 {code}：已有事项用到它，请保留并标为停用")
        }
    }
}

/// Why a row of a file of areas was not taken. Reasons hold codes and numbers that stay as they are.
pub(super) fn area_row(reason: &str) -> String {
    const WHOLE: [(&str, &str); 7] = [
        ("the row has not four values", "这一行不是四个值"),
        (
            "parent is not a code",
            "parent 不是代码：只能有字母、数字、“_”“-”“.”",
        ),
        (
            "code has other characters",
            "code 是空的，或有字母、数字、“_”“-”“.”以外的字符",
        ),
        ("name is empty", "name 是空的、太长或含有不能显示的字符"),
        ("level is not a word", "level 不是 street、grid 这样的词"),
        ("a grid stays a grid", "网格只能一直是网格：记录都在其中"),
        ("areas lie in it, so", "它里面还有区域，不能改成网格"),
    ];
    if let Some((_, zh)) = WHOLE.iter().find(|(en, _)| reason.starts_with(en)) {
        return (*zh).to_owned();
    }
    if let Some(code) = reason
        .strip_prefix("its parent ")
        .and_then(|rest| rest.strip_suffix(" is not known"))
    {
        return format!("上级 {code} 既不在文件里，也不在系统里");
    }
    if let Some(code) = reason.strip_suffix(" would lie in itself") {
        return format!("{code} 会位于它自己里面");
    }
    if let Some(code) = reason
        .strip_prefix("its parent ")
        .and_then(|rest| rest.strip_suffix(" is a grid, and nothing lies in a grid"))
    {
        return format!("上级 {code} 是网格，网格里面不能再有区域");
    }
    if let Some(code) = reason.strip_suffix(" is retired, and nothing new is put into it") {
        return format!("{code} 已停用，不能再放入新的内容");
    }
    if let Some((code, rest)) = reason.split_once(" is on line ") {
        let line = rest.split(' ').next().unwrap_or_default();
        return format!("{code} 在第 {line} 行已经有了，内容不同");
    }
    reason.to_owned()
}

/// Why a file as a whole was not taken.
pub(super) fn file(error: &ImportError) -> String {
    match error {
        ImportError::Table(error) => table(error),
        ImportError::TimeZone(name) => {
            format!("没有时区 {name}；请写 Asia/Shanghai 这样的名称")
        }
        ImportError::Json(what) => format!("这不是 JSON 格式的事项目录：{what}"),
        ImportError::Catalogue(error) => format!("什么都没有改动：{}", catalogue(error)),
        ImportError::Node { line, .. } => format!("第 {line} 行之后停下了，之前的都已写入"),
    }
}

fn table(error: &TableError) -> String {
    match error {
        TableError::Io(_) => "文件没有读完，什么都没有改动，请再试一次".to_owned(),
        TableError::NotOneEncoding => {
            "文件不是 UTF-8，也不全是同一种认识的编码（UTF-16、GB18030），所以一行也没有读：请在电子表格里另存为“CSV UTF-8”或 .xlsx".to_owned()
        }
        TableError::OldWorkbook => "这是旧格式的工作簿（.xls），请另存为 .xlsx 或“CSV UTF-8”".to_owned(),
        TableError::Workbook(what) => format!("工作簿打不开：{what}"),
        TableError::Empty => "文件是空的：第一行要写列名".to_owned(),
        TableError::MissingColumn { missing, found } => {
            format!("文件缺少列 {missing}；现有的列是：{found}")
        }
        TableError::TwiceTheColumn(name) => format!("列 {name} 出现了两次"),
        TableError::RowTooLong(line) => {
            format!("第 {line} 行开始的一行没有结束，可能是引号没有成对")
        }
    }
}

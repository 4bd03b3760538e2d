//! The line counter and the detection of languages.

use unentropy::collect::loc::{
    Detection, Intake, LanguageId, Tally, Uncountable, count, detect, detect_content, detect_many,
};

/// The first byte chooses the language, the rest is the file.
pub fn counted(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else { return };
    let languages = (0..).map_while(LanguageId::from_index).count();
    let index = u16::from(choice) % languages as u16;
    let Some(language) = LanguageId::from_index(index) else { panic!("there is no language {index}") };
    let counts = match count(language, text) {
        Ok(counts) => counts,
        Err(Uncountable::Binary) => {
            assert!(text.contains(&0), "a text is no text");
            return;
        }
        Err(Uncountable::Notebook) => return,
    };
    let marked = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    if !marked && language.name() != "Jupyter Notebooks" {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let feeds = text.iter().filter(|&&byte| byte == b'\n').count();
        let lines = feeds + usize::from(text.last().is_some_and(|&byte| byte != b'\n'));
        assert_eq!(counts.lines(), lines as u64, "{counts:?} as {}", language.name());
    }
    let mut intake = Intake::new();
    intake.reserve(text.len())[..text.len()].copy_from_slice(text);
    assert_eq!(intake.add_all(&[index], &[text.len() as u32]), Ok(vec![0]));
    let tally = intake.take();
    assert_eq!(tally.total(Some(language)), counts);
    assert_eq!(Tally::from_numbers(&tally.to_numbers()).to_numbers(), tally.to_numbers());
}

/// Lines are paths; each also begins a file.
pub fn detected(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let codes = detect_many(&text);
    for code in codes {
        let _ = Detection::from_code(code);
    }
    for path in text.lines() {
        if let Detection::ByContent(question) = detect(path) {
            let _ = detect_content(question, data);
        }
    }
}

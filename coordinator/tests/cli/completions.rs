//! Completions of shells.

use crate::support::{succeed, superposed};
use std::{
    io::Write,
    process::{Command, Stdio},
};

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = succeed(superposed(&["completions", shell]));
        assert!(script.contains("superposed") && script.contains("drain"), "{shell}: {script}");
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let script = succeed(superposed(&["completions", "bash"]));
    // What bash does when the tab key is pressed behind these words.
    let ask = "COMP_WORDS=(superposed workers dr); COMP_CWORD=2; _superposed superposed dr workers; echo \"${COMPREPLY[@]}\"
               COMP_WORDS=(superposed watch --out); COMP_CWORD=2; _superposed superposed --out watch; echo \"${COMPREPLY[@]}\"\n";
    let mut bash = Command::new("bash")
        .args(["--noprofile", "--norc"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash is there");
    let mut stdin = bash.stdin.take().expect("piped");
    stdin.write_all(format!("{script}\n{ask}").as_bytes()).expect("bash reads");
    drop(stdin);
    let output = bash.wait_with_output().expect("bash ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "drain\n--output\n");
}

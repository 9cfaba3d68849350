//! Compiles the gRPC contract, with no protoc on the machine.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["superposed/v1/worker.proto", "superposed/v1/campaign.proto"];
    println!("cargo::rerun-if-changed=../proto");
    let descriptors = protox::compile(files, ["../proto"])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

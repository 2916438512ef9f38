// The Android library module, for the Android Gradle plugin from 9.0 on, which compiles Kotlin itself.
// `build-native` makes what it packs: run it first, and again whenever the Rust library changes.
// An app takes the module in with two lines of its settings.gradle.kts:
//   include(":gridfold")
//   project(":gridfold").projectDir = file("…/client-ffi/bindings/kotlin/android")
plugins {
    // The app's build chooses the version.
    id("com.android.library")
}

android {
    namespace = "gridfold.android"
    compileSdk = 36

    defaultConfig {
        // The same as `api` in `build-native`.
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
    sourceSets.named("main") {
        // The sources that the JVM's package has, and the generated half; src/main/kotlin is there anyway.
        kotlin.directories += "../library/src/main/kotlin"
        kotlin.directories += "target/generated"
        jniLibs.directories += "target/jniLibs"
    }
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    // The archive for Android holds JNA's own native half for each ABI.
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}

val generated = layout.projectDirectory.dir("target/generated").asFile
val prepared = tasks.register("checkPrepared") {
    doLast { check(generated.isDirectory) { "client-ffi/bindings/kotlin/android/build-native was not run" } }
}
tasks.named("preBuild") { dependsOn(prepared) }

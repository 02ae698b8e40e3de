# `node native/build.mjs` drives this file. Configurations: Release is what ships, Debug is built with AddressSanitizer and
# UndefinedBehaviorSanitizer (`--sanitize`).
{
  "targets": [
    {
      "target_name": "runjob",
      "sources": [
        "<!@(node native/paths.mjs sources)",
      ],
      "include_dirs": [
        "native",
        "<!(node native/paths.mjs node-addon-api)",
        "<!(node native/paths.mjs liblmdb)",
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        # A thread that is ended while it loads the addon, or uses it, cannot throw any more: nobody is left to see.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
      ],
      "cflags": ["-fvisibility=hidden", "-Wall", "-Wextra"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++14", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility-inlines-hidden"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "CLANG_CXX_LIBRARY": "libc++",
        "MACOSX_DEPLOYMENT_TARGET": "13.3",
        "WARNING_CFLAGS": ["-Wall", "-Wextra"],
      },
      "configurations": {
        "Release": {
          "cflags": ["-O3", "-g1"],
          "xcode_settings": {"GCC_OPTIMIZATION_LEVEL": "3"},
        },
        "Debug": {
          "defines": ["RUNJOB_SANITIZER"],
          "cflags!": ["-O0"],
          "cflags": [
            "-O1",
            "-g1",
            "-fsanitize=address,undefined",
            # A null pointer ends the program anyway, and AddressSanitizer knows the sizes of objects: a sixth of the time of compilation.
            "-fno-sanitize=null,object-size",
            "-fno-sanitize-recover=undefined",
            "-fno-omit-frame-pointer",
          ],
          "ldflags": ["-fsanitize=address,undefined"],
          "xcode_settings": {
            "GCC_OPTIMIZATION_LEVEL": "1",
            "OTHER_CFLAGS": [
              "-fsanitize=address,undefined",
              "-fno-sanitize=null,object-size",
              "-fno-sanitize-recover=undefined",
              "-fno-omit-frame-pointer",
            ],
            "OTHER_LDFLAGS": ["-fsanitize=address,undefined"],
          },
        },
      },
    },
  ],
}

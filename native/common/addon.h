// What each topic adds to the addon's exports. torch/addon.cpp calls all of them, for each JavaScript
// environment.
#pragma once
#include <node_api.h>

namespace lt {
void initOperators(napi_env env, napi_value exports);  // boxed calls by schema
void initTensors(napi_env env, napi_value exports);    // create, read, free
void initAutograd(napi_env env, napi_value exports);   // backward, grad, modes
void initRandom(napi_env env, napi_value exports);     // Philox fills, libtorch's generator
void initSettings(napi_env env, napi_value exports);   // threads, determinism, autocast, warnings, devices
void initFiles(napi_env env, napi_value exports);      // locks on files; two paths change places
}  // namespace lt

namespace lt::kernels {
void initKernels(napi_env env,
                 napi_value exports);  // operators of our own, "longtail::…" in libtorch's dispatcher
}

namespace lt::distributed {
void initStores(napi_env env, napi_value exports);
void initGroups(napi_env env, napi_value exports);
void initReducer(napi_env env, napi_value exports);
}  // namespace lt::distributed

namespace lt::cuda {
void initGraphs(napi_env env, napi_value exports);   // the optional library: recorded work
void initStreams(napi_env env, napi_value exports);  // work that goes on side by side
}  // namespace lt::cuda

namespace lt::network {
void initNetworks(napi_env env, napi_value exports);  // networks for phones, without libtorch: vision.node
}

namespace lt::vision {
void initImages(napi_env env, napi_value exports);      // decoding and transforms of single images
void initEncoding(napi_env env, napi_value exports);    // image files
void initBatches(napi_env env, napi_value exports);     // the producer of batches
void initInspection(napi_env env, napi_value exports);  // what image files are
void initPreparation(napi_env env,
                     napi_value exports);  // images for networks that run elsewhere: vision.node
}  // namespace lt::vision

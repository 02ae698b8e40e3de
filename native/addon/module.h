// The addon's face to JavaScript: src/kernels/kernels.ts, class by class. Only this folder knows Node-API.
//
// Every worker thread loads its own instance; all state hangs off JavaScript objects or the instance's data.
// An object that failed half-way stays failed: its next call throws instead of going on with half a state.
#pragma once

#include <napi.h>

namespace runjob::addon {

// Each file's classes and functions.
void ExportCollector(Napi::Object exports);
void ExportMapper(Napi::Object exports);
void ExportLineFilter(Napi::Object exports);
void ExportCsvReader(Napi::Object exports);
void ExportJsonReader(Napi::Object exports);
void ExportRunWriter(Napi::Object exports);
void ExportHeldRuns(Napi::Object exports);
void ExportStore(Napi::Object exports);
void ExportText(Napi::Object exports);
void ExportHasher(Napi::Object exports);
void ExportFileWriter(Napi::Object exports);
void ExportCursor(Napi::Object exports);
void ExportPipeline(Napi::Object exports);
void ExportScans(Napi::Object exports);
void ExportParquetFooter(Napi::Object exports);
void ExportParquetScan(Napi::Object exports);
void ExportHost(Napi::Object exports);
void ExportUdf(Napi::Object exports);
void ExportJoinTable(Napi::Object exports);

}  // namespace runjob::addon

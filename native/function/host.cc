#include "function/host.h"

namespace runjob {

namespace {

thread_local TextHost* thread_host = nullptr;

}  // namespace

void SetTextHost(TextHost* host) { thread_host = host; }

Status CallHost(std::string_view function, const std::vector<std::string>& parameters, const Texts& texts,
                Texts* results, std::vector<uint32_t>* counts) {
  if (thread_host == nullptr) return Status::Error("BAD_ARGUMENT", "text functions of the host have not been set");
  results->Clear();
  if (counts != nullptr) counts->clear();
  RUNJOB_RETURN_IF_ERROR(thread_host->Call(function, parameters, texts, results, counts));
  bool ascending = true;
  for (size_t i = 0; i < results->size(); i++) {
    ascending =
        ascending && results->ends[i] <= results->bytes.size() && (i == 0 || results->ends[i - 1] <= results->ends[i]);
  }
  size_t wanted = texts.size();
  if (counts != nullptr) {
    ascending = ascending && counts->size() == texts.size();
    wanted = 0;
    for (const uint32_t count : *counts) wanted += count;
  }
  if (!ascending || results->size() != wanted) return Status::Error("BAD_ARGUMENT", "the host has given other texts");
  return Status::Ok();
}

}  // namespace runjob

// What drops rows that an exchange of the first ones does not need, by the first column of their keys alone: columns that come late
// (column/column_loader.h) are not read for them.
#pragma once

#include <cstdint>
#include <memory>

#include "collect/collector.h"
#include "column/keys.h"
#include "column/type.h"
#include "pipeline/operator.h"

namespace runjob {

// `order`: of the column. `records`: what the exchange fills, and is told of the rows that are left out. `schema` must stay where it is.
std::unique_ptr<RowOperator> NewFirstRows(const Schema& schema, uint32_t column, KeyOrder order, FirstRecords* records);

}  // namespace runjob

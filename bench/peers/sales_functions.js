// Functions of rows as those of bench/jobs/sales_functions.ts. Each gives a number to add up, or null.
export const QUESTIONS = {
  filter: {
    columns: ['price', 'quantity'],
    call: (price, quantity) => (price * quantity > 4000 && quantity % 3 !== 0 ? price : null),
  },
  map: {
    columns: ['price', 'quantity', 'city'],
    call: (price, quantity, city) => price * quantity * (city.endsWith('7') ? 0.9 : 1),
  },
}

export class Total {
  rows = 0
  price = 0

  add(price) {
    if (price === null) return
    this.rows++
    this.price += price
  }

  text() {
    return `rows,price\n${this.rows},${this.price}\n`
  }
}

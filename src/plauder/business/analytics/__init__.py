"""Analytics: counts over the messages of a WABA, as the API's analytics fields show them."""

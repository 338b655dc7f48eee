-- Strings, tables, closures, coroutines, errors and garbage, by the million; prints the same on every machine.
local function words(n)
  local state, list = 42, {}
  for i = 1, n do
    state = (state * 1103515245 + 12345) % 2147483648
    local letters = {}
    for j = 1, state % 11 + 2 do letters[j] = string.char(97 + (state // (j * 7 + 1)) % 26) end
    list[i] = table.concat(letters)
  end
  return list
end

local list = words(30000)
local counts = {}
for _, word in ipairs(list) do counts[word] = (counts[word] or 0) + 1 end
local order = {}
for word in pairs(counts) do order[#order + 1] = word end
table.sort(order, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)
print(#order, order[1], counts[order[1]], order[#order])

local text = table.concat(list, ' ')
print(#text, select(2, text:gsub('%a+ing', string.upper)), text:find('zebra', 1, true))
print((text:sub(1, 400):gsub('(%a)(%a*)', function(first, rest) return first:upper() .. rest end)))

-- A string that grows a character at a time is copied each time.
local grown = ''
for i = 1, 8000 do grown = grown .. string.char(65 + i % 26) end
print(#grown, grown:sub(-13), grown:rep(50):len())

-- Objects with metatables, in a list that is built, reversed and dropped.
local List = {}
List.__index = List
List.__len = function(self) return self.size end
List.__gc = function() List.collected = (List.collected or 0) + 1 end
function List.push(self, value)
  self.head = { value = value, next = self.head }
  self.size = self.size + 1
end
for round = 1, 20 do
  local chain = setmetatable({ size = 0 }, List)
  for i = 1, 3000 do chain:push({ i, round, tostring(i) }) end
  if round == 20 then print(#chain, chain.head.value[3]) end
end
collectgarbage()
print('collected', List.collected >= 19)

-- Coroutines that hand values on: a sieve of them.
local function numbers(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end
local function sieve(prime, from)
  return coroutine.wrap(function()
    for value in from do if value % prime ~= 0 then coroutine.yield(value) end end
  end)
end
local from, primes = numbers(200), {}
for _ = 1, 40 do
  local prime = from()
  if not prime then break end
  primes[#primes + 1] = prime
  from = sieve(prime, from)
end
print(#primes, primes[#primes])

-- Errors, thrown through many frames, caught, and thrown again.
local function deep(n) if n == 0 then error({ code = 7 }) end return 1 + deep(n - 1) end
local caught = 0
for i = 1, 2000 do
  local ok, problem = pcall(deep, i % 40)
  if not ok and problem.code == 7 then caught = caught + 1 end
end
print('caught', caught)
print(pcall(function() return nil + 1 end))
print(xpcall(function() error('inner', 2) end, function(message) return 'handled: ' .. message end))
print(select(2, pcall(string.rep, 'x', -1)) == '', pcall(string.rep, 'x', 1 << 60))
local function endless(n) return 1 + endless(n + 1) end
print(select(2, pcall(endless, 1)):match('stack overflow'))
print(coroutine.close(coroutine.create(print)), load('return +'))

-- Code compiled at run time.
local pieces = {}
for i = 1, 500 do pieces[i] = ('local function f%d(x) return x * %d end total = total + f%d(3)'):format(i % 150, i, i % 150) end
total = 0
for i = 1, 500 do assert(load(pieces[i]))() end
print('compiled', total)

-- Numbers and bytes.
print(string.format('%.14g %5.3f %q %x %g', math.pi, 1 / 3, 'a\nb\0c', 255, 1e100), 7 // -2, -7 % 3, 2 ^ 0.5, 1 << 62)
print(string.unpack('<i4 z s2', string.pack('<i4 z s2', -5, 'zero', 'counted')))
print(utf8.char(72, 228, 8364, 128512), utf8.len('häß€'), #utf8.char(128512))

-- Eight queens, all of them.
local solutions = 0
local function place(row, columns, left, right)
  if row > 8 then solutions = solutions + 1 return end
  for column = 1, 8 do
    if not (columns[column] or left[row + column] or right[row - column]) then
      columns[column], left[row + column], right[row - column] = true, true, true
      place(row + 1, columns, left, right)
      columns[column], left[row + column], right[row - column] = nil, nil, nil
    end
  end
end
place(1, {}, {}, {})
print('queens', solutions)

-- A large table that grows, is emptied and grows again; generations of garbage in both modes.
collectgarbage('generational')
local big = {}
for i = 1, 200000 do big[i] = i % 3 == 0 and { i } or i end
for i = 1, 200000 do if i % 2 == 0 then big[i] = nil end end
collectgarbage('incremental')
local left = 0
for _, value in pairs(big) do left = left + (type(value) == 'table' and 1 or 2) end
print('left', left)

namespace tidemark.demo;

using { cuid, managed } from '@sap/cds/common';

entity Customer : cuid, managed {
  customerNumber : String(20);
  name           : String(120);
  email          : String(254);
  phone          : String(40);
  street         : String(120);
  city           : String(80);
  postalCode     : String(12);
  country        : String(2);
  creditLimit    : Decimal(15, 2);
  currency       : String(3);
  blocked        : Boolean;
  segment        : String(20);
  taxNumber      : String(20);
  notes          : String(2000);
}

entity SalesOrder : cuid, managed {
  orderNumber : String(20);
  customer    : Association to Customer;
  amount      : Decimal(15, 2);
  currency    : String(3);
  status      : String(20);
}

@path: '/odata/v4/erp'
service ErpService {
  entity Customers as projection on Customer;
  // The tag makes an unconditional change of an order a 428: an update must say what it read.
  entity Orders as projection on SalesOrder;
  annotate Orders with { modifiedAt @odata.etag };
}
